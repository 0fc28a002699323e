// Package output keeps what a command prints, shows it line by line while the command runs, and words the error of a
// command that failed. Local and remote commands share it, as they share these rules in @pulumi/command.
package output

import (
	"bytes"
	"context"
	"errors"
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

// maxLine is where a bufio.Scanner gives up on a line, and the official plugin, which reads by one, hangs for ever.
const maxLine = 64 * 1024

var (
	errLongLine = fmt.Errorf("it printed a line of %d bytes or more, on which the official command plugin hangs for ever: "+
		"cut the lines before they get here", maxLine)
	errNotUTF8 = errors.New("it printed bytes that are not UTF-8, on which the official command plugin fails the " +
		"update: make them printable before they get here")
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
	for _, stream := range []*Stream{c.Stdout, c.Stderr} {
		if stream.line.Len() > 0 {
			stream.flush()
		}
	}
}

// OnLongLine has a line that is too long end the command, which may have nothing more to say for hours.
func (c *Capture) OnLongLine(stop func()) { c.Stdout.stop, c.Stderr.stop = stop, stop }

// Problem is what the official plugin could not take of what was printed; nil where there is nothing of the kind.
func (c *Capture) Problem() error {
	for _, stream := range []*Stream{c.Stderr, c.Stdout} {
		if stream.tooLong {
			return errLongLine
		}
	}
	for _, stream := range []*Stream{c.Stderr, c.Stdout} {
		if !utf8.Valid(stream.all.Bytes()) {
			return errNotUTF8
		}
	}
	return nil
}

// Failure says why first, then which command, then what it printed. It has no way to know the command's stdin.
func (c *Capture) Failure(cause error, command string) error {
	message := fmt.Sprintf("running %q", abbreviate(command))
	for _, stream := range []*Stream{c.Stderr, c.Stdout} {
		if text := stream.Text(); text != "" {
			message += "\n" + strings.ToValidUTF8(text, "\uFFFD")
		}
	}
	return fmt.Errorf("%w: %s", cause, message)
}

// Stream keeps everything and passes complete lines on.
type Stream struct {
	all     bytes.Buffer
	line    bytes.Buffer
	tooLong bool
	show    func(line string)
	stop    func()
}

// Write fails on a line that is too long, and takes nothing after it.
func (s *Stream) Write(b []byte) (int, error) {
	if s.tooLong {
		return 0, errLongLine
	}
	for rest := b; len(rest) > 0; {
		line, after, complete := bytes.Cut(rest, []byte{'\n'})
		s.line.Write(line)
		if s.line.Len() >= maxLine {
			s.tooLong = true
			if s.stop != nil {
				s.stop()
			}
			return 0, errLongLine
		}
		if complete {
			s.flush()
		}
		rest = after
	}
	s.all.Write(b)
	return len(b), nil
}

// Text is everything written, without the last newline, as `$(command)` in a shell would give it.
func (s *Stream) Text() string { return strings.TrimSuffix(s.all.String(), "\n") }

func (s *Stream) flush() {
	if s.show != nil {
		s.show(strings.ToValidUTF8(strings.TrimSuffix(s.line.String(), "\r"), "\uFFFD"))
	}
	s.line.Reset()
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
