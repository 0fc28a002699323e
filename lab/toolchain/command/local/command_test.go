package local

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
)

func ptr[T any](v T) *T { return &v }

func create(args CommandArgs) (CommandState, error) {
	r, err := Command{}.Create(context.Background(), infer.CreateRequest[CommandArgs]{Name: "c", Inputs: args})
	return r.Output, err
}

func TestTheCommandHasItsDirectoryEnvironmentAndStdin(t *testing.T) {
	dir := t.TempDir()
	state, err := create(CommandArgs{
		Create:      ptr(`pwd; echo "$GREETING"; cat; echo oops >&2`),
		Dir:         &dir,
		Environment: map[string]string{"GREETING": "hello"},
		Stdin:       ptr("from stdin"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := dir + "\nhello\nfrom stdin"; state.Stdout != want || state.Stderr != "oops" {
		t.Errorf("stdout %q, want %q; stderr %q", state.Stdout, want, state.Stderr)
	}
}

func TestAnotherInterpreterRunsTheCommand(t *testing.T) {
	state, err := create(CommandArgs{Create: ptr("a b"), Interpreter: ptr([]string{"/bin/echo", "-n", "got:"})})
	if err != nil || state.Stdout != "got: a b" {
		t.Errorf("%q, %v", state.Stdout, err)
	}
}

func TestAFailedCommandSaysStatusAndOutputButNotStdin(t *testing.T) {
	_, err := create(CommandArgs{Create: ptr("echo broken >&2; exit 4"), Stdin: ptr("hunter2")})
	if err == nil || !strings.HasPrefix(err.Error(), "exit status 4") || !strings.Contains(err.Error(), "\nbroken") {
		t.Errorf("%v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows stdin: %v", err)
	}
}

func TestADirectoryThatIsNotThereFails(t *testing.T) {
	if _, err := create(CommandArgs{Create: ptr("true"), Dir: ptr("/nonexistent")}); err == nil {
		t.Error("no error")
	}
}

func TestUpdateSeesThePreviousOutputUnlessSwitchedOff(t *testing.T) {
	for add, want := range map[bool]string{true: "[before]", false: "[]"} {
		args := CommandArgs{Create: ptr(`echo "[$PULUMI_COMMAND_STDOUT]"`), AddPreviousOutputInEnv: &add}
		r, err := Command{}.Update(context.Background(), infer.UpdateRequest[CommandArgs, CommandState]{
			Inputs: args, State: CommandState{Stdout: "before"},
		})
		if err != nil || r.Output.Stdout != want {
			t.Errorf("%v: %q, want %q: %v", add, r.Output.Stdout, want, err)
		}
	}
}

func TestDeleteRunsDelete(t *testing.T) {
	file := t.TempDir() + "/deleted"
	state := CommandState{CommandArgs: CommandArgs{Delete: ptr("touch " + file)}}
	_, err := Command{}.Delete(context.Background(), infer.DeleteRequest[CommandState]{State: state})
	if _, statErr := os.Stat(file); err != nil || statErr != nil {
		t.Error(err, statErr)
	}
}

func TestCancellingEndsTheCommandAndWhatItStarted(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	args := CommandArgs{Create: ptr("sleep 20 & wait")}
	_, err := Command{}.Create(ctx, infer.CreateRequest[CommandArgs]{Name: "c", Inputs: args})
	if err == nil || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
}

func TestFilesThatTheCommandLeavesBecomeAssets(t *testing.T) {
	dir := t.TempDir()
	state, err := create(CommandArgs{
		Create:       ptr("mkdir -p assets/logos src; touch assets/logos/logo.svg src/index.js src/secret.js other"),
		Dir:          &dir,
		AssetPaths:   ptr([]string{"assets/**", "src/**.js", "!**secret.*"}),
		ArchivePaths: ptr([]string{"*"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	found := slices.Sorted(maps.Keys(*state.Assets))
	if want := []string{"assets/logos/logo.svg", "src/index.js"}; !slices.Equal(found, want) {
		t.Errorf("assets %q, want %q", found, want)
	}
	if path := (*state.Assets)["src/index.js"].Path; path != filepath.Join(dir, "src/index.js") {
		t.Errorf("path %q", path)
	}
	members, _ := state.Archive.GetAssets()
	if len(members) != 1 || members["other"] == nil {
		t.Errorf("archive holds %v", members)
	}
}

func TestAMalformedGlobIsNamed(t *testing.T) {
	_, err := create(CommandArgs{Create: ptr("true"), Dir: ptr(t.TempDir()), AssetPaths: ptr([]string{"[a"})})
	if err == nil || !strings.Contains(err.Error(), `assetPaths: "[a"`) {
		t.Errorf("%v", err)
	}
}
