package local

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/terraform-providers/terraform-provider-docker/lab/command/output"
)

// grace is how long a cancelled command has between SIGTERM and SIGKILL, and its children to let go of its output.
const grace = 3 * time.Second

var defaultInterpreter = []string{"/bin/sh", "-c"}

// run executes the command, if there is one, and on success puts what it printed, and the files that it was to leave,
// in the place of the previous ones.
func (s *CommandState) run(ctx context.Context, command *string) error {
	if command == nil {
		return nil
	}
	capture := output.NewCapture(ctx, (*string)(s.Logging))
	process := s.process(ctx, *command)
	process.Stdout, process.Stderr = capture.Stdout, capture.Stderr
	err := process.Run()
	capture.Close()
	if problem := capture.Problem(); problem != nil {
		err = problem
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return capture.Failure(err, *command)
	}
	if err := s.collect(process.Dir); err != nil {
		return err
	}
	s.Stdout, s.Stderr = capture.Stdout.Text(), capture.Stderr.Text()
	return nil
}

// process has a process group of its own: to cancel it must reach what the shell has started as well.
func (s *CommandState) process(ctx context.Context, command string) *exec.Cmd {
	interpreter := defaultInterpreter
	if s.Interpreter != nil && len(*s.Interpreter) > 0 {
		interpreter = *s.Interpreter
	}
	process := exec.CommandContext(ctx, interpreter[0], append(interpreter[1:len(interpreter):len(interpreter)], command)...)
	process.Env = append(os.Environ(), s.environment()...)
	if s.Dir != nil {
		process.Dir = *s.Dir
	}
	if s.Stdin != nil {
		process.Stdin = strings.NewReader(*s.Stdin)
	}
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return syscall.Kill(-process.Process.Pid, syscall.SIGTERM) }
	process.WaitDelay = grace
	return process
}

func (s *CommandState) environment() []string {
	var variables []string
	for name, value := range s.Environment {
		variables = append(variables, name+"="+value)
	}
	if s.AddPreviousOutputInEnv != nil && !*s.AddPreviousOutputInEnv {
		return variables
	}
	if s.Stdout != "" {
		variables = append(variables, output.PreviousStdout+"="+s.Stdout)
	}
	if s.Stderr != "" {
		variables = append(variables, output.PreviousStderr+"="+s.Stderr)
	}
	return variables
}
