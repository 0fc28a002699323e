package remote

import (
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"

	"github.com/terraform-providers/terraform-provider-docker/lab/command/output"
)

// run executes the command, if there is one, and on success puts what it printed in the place of the previous output.
func (s *CommandState) run(ctx context.Context, command *string) error {
	if command == nil {
		return nil
	}
	client, err := s.Connection.Dial(ctx)
	if err != nil {
		return err
	}
	// As in 1.2.1 the connection stays open until the plugin ends: sshd has a process for each command. Without this,
	// Ctrl-C would wait for the command to end.
	defer context.AfterFunc(ctx, client.Close)()
	capture := output.NewCapture(ctx, (*string)(s.Logging))
	capture.OnLongLine(func() { go client.Close() }) // not here: it waits for what is being written
	err = s.execute(ctx, client, *command, capture)
	capture.Close()
	if problem := capture.Problem(); problem != nil {
		client.Close()
		err = problem
	}
	if ctx.Err() != nil {
		return capture.Failure(fmt.Errorf("%s: %w", s.Connection, ctx.Err()), *command)
	}
	if err != nil {
		return capture.Failure(err, *command)
	}
	s.Stdout, s.Stderr = capture.Stdout.Text(), capture.Stderr.Text()
	return nil
}

func (s *CommandState) execute(ctx context.Context, client *client, command string, capture *output.Capture) error {
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	defer session.Close()
	if err := s.setEnvironment(ctx, session); err != nil {
		return err
	}
	if s.Stdin != nil {
		session.Stdin = strings.NewReader(*s.Stdin)
	}
	session.Stdout, session.Stderr = capture.Stdout, capture.Stderr
	return session.Run(command)
}

// setEnvironment fails where the server refuses a variable that the program asks for. sshd's default refuses the
// previous output as well, which nobody asked for: that is a warning.
func (s *CommandState) setEnvironment(ctx context.Context, session *ssh.Session) error {
	for name, value := range s.Environment {
		if err := session.Setenv(name, value); err != nil {
			return fmt.Errorf("environment: the server refuses %s: %w: allow it by AcceptEnv in its sshd_config, "+
				"or write %s=… before the command", name, err, name)
		}
	}
	if !valueOr(s.AddPreviousOutputInEnv, true) {
		return nil
	}
	previous := map[string]string{output.PreviousStdout: s.Stdout, output.PreviousStderr: s.Stderr}
	for name, value := range previous {
		if value == "" {
			continue
		}
		if err := session.Setenv(name, value); err != nil {
			p.GetLogger(ctx).Warningf("the server refuses %s: allow it by AcceptEnv in its sshd_config, "+
				"or set addPreviousOutputInEnv to false", name)
		}
	}
	return nil
}
