// Package iam holds the resources of the official provider's module iam by which an instance may do something in AWS.
package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

func failed(action, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s (%s): %w", action, id, err)
}

func isGone(err error) bool { return config.HasCode(err, "NoSuchEntity") }

func list(tags map[string]string) []types.Tag {
	var all []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		all = append(all, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return all
}

func tagMap(tags []types.Tag) map[string]string {
	all := map[string]string{}
	for _, tag := range tags {
		all[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return all
}

// retag makes what differs between the old and the new tags so.
func retag(
	old, new map[string]string, remove func(keys []string) error, add func(tags []types.Tag) error,
) error {
	var gone []string
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if _, stays := new[key]; !stays {
			gone = append(gone, key)
		}
	}
	if len(gone) > 0 {
		if err := remove(gone); err != nil {
			return err
		}
	}
	if len(new) == 0 || maps.Equal(old, new) {
		return nil
	}
	return add(list(new))
}

// sameJSON reports whether two policies differ only in how they are written.
func sameJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return a == b
	}
	return reflect.DeepEqual(x, y)
}
