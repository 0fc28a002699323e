// Package ec2 holds the resources and functions of the official provider's module ec2.
package ec2

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/pulumi/pulumi-go-provider/infer"
)

var (
	errGone     = errors.New("it is not there any more; `pulumi refresh` takes it out of the state")
	errNoResult = errors.New("couldn't find resource")
)

// one is the official provider's answer where a function finds none or several.
func one(found int, what string) error {
	switch found {
	case 0:
		return fmt.Errorf("no matching EC2 %s found", what)
	case 1:
		return nil
	}
	return fmt.Errorf("multiple EC2 %ss matched; use additional constraints to reduce matches to a single EC2 %[1]s", what)
}

// failed says what was done when AWS answered with an error.
func failed(action, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s (%s): %w", action, id, err)
}

// partial is the error of a resource that was made but is not as it should be: it stays in the state, and the next
// update goes on with it.
func partial(action, id string, err error) error {
	return infer.ResourceInitFailedError{Reasons: []string{failed(action, id, err).Error()}}
}

// sameKey reports whether two public keys differ only in their comment: AWS keeps that, or not.
func sameKey(a, b string) bool { return material(a) == material(b) }

func material(key string) string {
	words := strings.Fields(key)
	return strings.Join(words[:min(2, len(words))], " ")
}

// number is an input for the SDK.
func number(value *int) *int32 {
	if value == nil {
		return nil
	}
	return aws.Int32(int32(*value))
}

func integer(value *int32) *int {
	if value == nil {
		return nil
	}
	return aws.Int(int(*value))
}

// where keeps an input to what the program sets: what it leaves to AWS is no input, so that it never shows as a change.
func where[T any](set, actual *T) *T {
	if set == nil {
		return nil
	}
	return actual
}

func or[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// publicDNS is an address's name in DNS, as EC2 makes it.
func publicDNS(region, ip string) string {
	if ip == "" {
		return ""
	}
	zone := region + ".compute.amazonaws.com"
	if region == "us-east-1" {
		zone = "compute-1.amazonaws.com"
	}
	return "ec2-" + strings.ReplaceAll(ip, ".", "-") + "." + zone
}
