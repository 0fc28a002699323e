package output

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestLinesAreShownWholeHoweverTheyArrive(t *testing.T) {
	var shown []string
	capture := newCapture(nil, func(line string) { shown = append(shown, line) })
	for _, piece := range []string{"one\ntw", "o\r\n", "\n", "three"} {
		fmt.Fprint(capture.Stdout, piece)
	}
	capture.Close()
	if want := []string{"one", "two", "", "three"}; !reflect.DeepEqual(shown, want) {
		t.Errorf("shown %q, want %q", shown, want)
	}
	if got := capture.Stdout.Text(); got != "one\ntwo\r\n\nthree" {
		t.Errorf("kept %q", got)
	}
}

func TestAFailureQuotesOneShortLineOfTheCommand(t *testing.T) {
	for command, want := range map[string]string{
		"uptime":                       `boom: running "uptime"`,
		"\nset -e\nTOKEN=abc\n":        `boom: running "set -e…"`,
		strings.Repeat("é", maxQuoted): fmt.Sprintf("boom: running %q", strings.Repeat("é", maxQuoted/2)+"…"),
	} {
		if got := newCapture(nil, nil).Failure(errors.New("boom"), command).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
