package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/smithy-go"
)

// HasCode reports whether AWS answered with one of these error codes.
func HasCode(err error, codes ...string) bool {
	var answer smithy.APIError
	return errors.As(err, &answer) && slices.Contains(codes, answer.ErrorCode())
}

// Poll is the longest pause between two questions to AWS about something that is awaited.
var Poll = 3 * time.Second

// Await asks until the answer is yes, an error, the time is up or ctx is done. The first pauses are short: an endpoint
// in the lab answers at once.
func Await(ctx context.Context, limit time.Duration, what string, ask func() (bool, error)) error {
	deadline := time.Now().Add(limit)
	for pause := min(100*time.Millisecond, Poll); ; pause = min(2*pause, Poll) {
		if done, err := ask(); done || err != nil {
			return err
		}
		if time.Now().Add(pause).After(deadline) {
			return fmt.Errorf("%s: it did not happen within %s", what, limit)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		case <-time.After(pause):
		}
	}
}
