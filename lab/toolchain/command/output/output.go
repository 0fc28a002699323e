// Package output keeps what a command prints, shows it line by line while the command runs, and words the error of a
// command that failed. Local and remote commands share it, as they share these rules in @pulumi/command.
package output

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	p "github.com/pulumi/pulumi-go-provider"
)

// The environment variables in which a command finds what the previous one of the same resource printed.
const (
	PreviousStdout = "PULUMI_COMMAND_STDOUT"
	PreviousStderr = "PULUMI_COMMAND_STDERR"
)

// The values of the `logging` input.
const (
	Stdout          = "stdout"
	Stderr          = "stderr"
	StdoutAndStderr = "stdoutAndStderr"
	None            = "none"
)

// maxQuoted is how much of a command's text an error repeats: enough to tell which command it was. Scripts are long,
// and their later lines may hold values that nobody wants on a screen.
const maxQuoted = 80

// Capture holds both streams of one run. Stdout and Stderr may be written to at the same time.
type Capture struct {
	Stdout, Stderr *Stream
}

// NewCapture shows those streams that logging names; nil means both. A word that is none of the four shows nothing:
// a typo must not put a secret on the screen.
func NewCapture(ctx context.Context, logging *string) *Capture {
	return newCapture(logging, p.GetLogger(ctx).InfoStatus)
}

func newCapture(logging *string, show func(line string)) *Capture {
	shown := StdoutAndStderr
	if logging != nil {
		shown = *logging
	}
	capture := &Capture{Stdout: &Stream{}, Stderr: &Stream{}}
	if shown == Stdout || shown == StdoutAndStderr {
		capture.Stdout.show = show
	}
	if shown == Stderr || shown == StdoutAndStderr {
		capture.Stderr.show = show
	}
	return capture
}

// Close shows a last line that does not end in a newline.
func (c *Capture) Close() {
	c.Stdout.flush()
	c.Stderr.flush()
}

// Failure says why first, then which command, then what it printed. It has no way to know the command's stdin.
func (c *Capture) Failure(cause error, command string) error {
	message := fmt.Sprintf("running %q", abbreviate(command))
	for _, stream := range []*Stream{c.Stderr, c.Stdout} {
		if text := stream.Text(); text != "" {
			message += "\n" + text
		}
	}
	return fmt.Errorf("%w: %s", cause, message)
}

// Stream keeps everything and passes complete lines on, of whatever length.
type Stream struct {
	all  bytes.Buffer
	line bytes.Buffer
	show func(line string)
}

// Write never fails: a command must not die because its output cannot be shown.
func (s *Stream) Write(b []byte) (int, error) {
	s.all.Write(b)
	if s.show == nil {
		return len(b), nil
	}
	for rest := b; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte{'\n'})
		s.line.Write(line)
		if complete {
			s.show(strings.TrimSuffix(s.line.String(), "\r"))
			s.line.Reset()
		}
		rest = after
	}
	return len(b), nil
}

// Text is everything written, without the last newline, as `$(command)` in a shell would give it.
func (s *Stream) Text() string { return strings.TrimSuffix(s.all.String(), "\n") }

func (s *Stream) flush() {
	if s.line.Len() > 0 {
		s.show(s.line.String())
		s.line.Reset()
	}
}

func abbreviate(command string) string {
	first, _, more := strings.Cut(strings.TrimSpace(command), "\n")
	if len(first) > maxQuoted {
		first, more = first[:maxQuoted], true
		for !utf8.ValidString(first) && len(first) > 0 { // not in the middle of a character
			first = first[:len(first)-1]
		}
	}
	if more {
		first += "…"
	}
	return first
}
