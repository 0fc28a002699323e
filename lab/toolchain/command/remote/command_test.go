package remote

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pulumi/pulumi-go-provider/infer"
)

func create(args CommandArgs) (CommandState, error) {
	r, err := Command{}.Create(context.Background(), infer.CreateRequest[CommandArgs]{Name: "c", Inputs: args})
	return r.Output, err
}

func update(args CommandArgs, state CommandState) (CommandState, error) {
	r, err := Command{}.Update(context.Background(),
		infer.UpdateRequest[CommandArgs, CommandState]{Inputs: args, State: state})
	return r.Output, err
}

func argsFor(s *server, command string) CommandArgs {
	return CommandArgs{Connection: Connection{Endpoint: s.endpoint()}, Create: &command}
}

// shown collects what would be on the screen.
func shown(t *testing.T) *bytes.Buffer {
	var buffer bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &buffer
}

func TestStdinArrivesAndBothStreamsAreKept(t *testing.T) {
	args := argsFor(startServer(t), "cat; echo oops >&2")
	args.Stdin = ptr("line 1\nline 2\n")
	state, err := create(args)
	if err != nil {
		t.Fatal(err)
	}
	if state.Stdout != "line 1\nline 2" || state.Stderr != "oops" {
		t.Errorf("stdout %q, stderr %q", state.Stdout, state.Stderr)
	}
}

func TestAFailedCommandSaysStatusAndOutputButNotStdin(t *testing.T) {
	args := argsFor(startServer(t), "bash -s # "+strings.Repeat("x", 200)+"\nexit $? # second line")
	args.Stdin = ptr("echo out; echo err >&2; PASSWORD=hunter2; exit 7")
	args.Logging = ptr(Logging("none"))
	_, err := create(args)
	mustContain(t, err, "exited with status 7", "bash -s", "err\nout")
	for _, secret := range []string{"hunter2", "PRIVATE KEY", strings.Repeat("x", 90), "second line"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error repeats %q", secret)
		}
	}
	if !strings.HasPrefix(err.Error(), "Process exited with status 7") {
		t.Errorf("the status does not come first: %q", err)
	}
}

func TestUpdateRunsUpdateOrElseCreate(t *testing.T) {
	s := startServer(t)
	args := argsFor(s, "echo created")
	state, err := create(args)
	if err != nil {
		t.Fatal(err)
	}
	args.Connection.User = ptr("other") // a changed connection alone runs the command again, as in 1.2.1
	if state, err = update(args, state); err != nil || state.Stdout != "created" {
		t.Errorf("without update: %q, %v", state.Stdout, err)
	}
	args.Update = ptr("echo updated")
	if state, err = update(args, state); err != nil || state.Stdout != "updated" {
		t.Errorf("with update: %q, %v", state.Stdout, err)
	}
}

func TestUpdateSeesThePreviousOutputWhereTheServerAllows(t *testing.T) {
	s := startServer(t)
	args := argsFor(s, "echo before; echo warned >&2")
	args.Update = ptr(`echo "[$PULUMI_COMMAND_STDOUT][$PULUMI_COMMAND_STDERR]"`)
	state, err := create(args)
	if err != nil {
		t.Fatal(err)
	}
	s.acceptEnv = true
	if next, err := update(args, state); err != nil || next.Stdout != "[before][warned]" {
		t.Errorf("stdout %q: %v", next.Stdout, err)
	}
	args.AddPreviousOutputInEnv = ptr(false)
	if next, err := update(args, state); err != nil || next.Stdout != "[][]" {
		t.Errorf("switched off: %q, %v", next.Stdout, err)
	}
}

func TestAServerThatRefusesThePreviousOutputOnlyWarns(t *testing.T) {
	screen := shown(t)
	args := argsFor(startServer(t), "echo again")
	state, err := update(args, CommandState{Stdout: "before"})
	if err != nil || state.Stdout != "again" {
		t.Errorf("%q, %v", state.Stdout, err)
	}
	if !strings.Contains(screen.String(), "AcceptEnv") {
		t.Errorf("no warning on the screen: %s", screen)
	}
}

func TestARefusedEnvironmentIsAnErrorWithoutTheValue(t *testing.T) {
	args := argsFor(startServer(t), "true")
	args.Environment = map[string]string{"TOKEN": "s3cret"}
	_, err := create(args)
	mustContain(t, err, "TOKEN", "AcceptEnv")
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error shows the value: %v", err)
	}
}

func TestLoggingChoosesWhatIsShown(t *testing.T) {
	s := startServer(t)
	cases := map[string][2]bool{
		"": {true, true}, "stdoutAndStderr": {true, true}, "stdout": {true, false}, "stderr": {false, true},
		"none": {false, false}, "nonee": {false, false},
	}
	for logging, want := range cases {
		screen := shown(t)
		args := argsFor(s, "echo on-out; echo on-err >&2")
		if logging != "" {
			args.Logging = ptr(Logging(logging))
		}
		state, err := create(args)
		if err != nil || state.Stdout != "on-out" || state.Stderr != "on-err" {
			t.Errorf("%q: outputs not kept: %+v, %v", logging, state, err)
		}
		got := [2]bool{strings.Contains(screen.String(), "on-out"), strings.Contains(screen.String(), "on-err")}
		if got != want {
			t.Errorf("logging %q shows %v, want %v", logging, got, want)
		}
	}
}

func TestALongLineFailsTheCommandWhereTheOfficialPluginWouldHang(t *testing.T) {
	s := startServer(t)
	line := func(bytes string) string { return "head -c " + bytes + " /dev/zero | tr '\\0' x" }
	state, err := create(argsFor(s, line("65535")+"; echo; echo after"))
	if err != nil || len(state.Stdout) != 65535+len("\nafter") {
		t.Errorf("%d bytes kept: %v", len(state.Stdout), err)
	}
	for _, command := range []string{line("65536"), line("65536") + " >&2", line("1048576") + "; sleep 20"} {
		start := time.Now()
		_, err = create(argsFor(s, command))
		mustContain(t, err, "65536 bytes", "hangs")
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %s", took)
		}
	}
}

func TestBytesThatAreNotUTF8NeverGetIntoTheState(t *testing.T) {
	s := startServer(t)
	for _, command := range []string{`printf 'gr\374n'`, `printf 'gr\374n' >&2`, `printf 'gr\374n'; exit 1`} {
		state, err := create(argsFor(s, command))
		mustContain(t, err, "not UTF-8", "gr\uFFFDn")
		if !utf8.ValidString(err.Error()) || state.Stdout != "" {
			t.Errorf("%q, %q", state.Stdout, err)
		}
	}
	args := argsFor(s, `printf '\374'`)
	if state, err := update(args, CommandState{CommandArgs: args, Stdout: "before"}); err == nil {
		t.Errorf("updated to %q", state.Stdout)
	}
}

func TestEachCommandLeavesItsConnectionOpen(t *testing.T) {
	s := startServer(t)
	for range 3 {
		if _, err := create(argsFor(s, "true")); err != nil {
			t.Fatal(err)
		}
	}
	if open := s.open.Load(); open != 3 {
		t.Errorf("%d connections are open, want 3", open)
	}
}

func TestCancellingEndsARunningCommand(t *testing.T) {
	args := argsFor(startServer(t), "echo started; sleep 20")
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := Command{}.Create(ctx, infer.CreateRequest[CommandArgs]{Name: "c", Inputs: args})
	mustContain(t, err, "deadline exceeded", "started")
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestDeleteRunsDeleteAndOtherwiseDialsNobody(t *testing.T) {
	s := startServer(t)
	file := t.TempDir() + "/deleted"
	state := CommandState{CommandArgs: argsFor(s, "true")}
	deleteIt := func() {
		t.Helper()
		if _, err := (Command{}).Delete(context.Background(), infer.DeleteRequest[CommandState]{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	deleteIt()
	if s.dials.Load() != 0 {
		t.Error("dialled the host with nothing to run")
	}
	state.CommandArgs.Delete = ptr("touch " + file)
	deleteIt()
	mustExist(t, file)
}
