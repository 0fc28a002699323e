package config

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// TagSpecification asks for a new resource's tags.
func TagSpecification(kind types.ResourceType, tags map[string]string) []types.TagSpecification {
	if len(tags) == 0 {
		return nil
	}
	return []types.TagSpecification{{ResourceType: kind, Tags: ec2Tags(tags)}}
}

func ec2Tags(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

// TagMap are a resource's tags as EC2 tells them, without AWS's own.
func TagMap(tags []types.Tag) map[string]string {
	all := map[string]string{}
	for _, tag := range tags {
		if key := aws.ToString(tag.Key); !strings.HasPrefix(key, "aws:") {
			all[key] = aws.ToString(tag.Value)
		}
	}
	return all
}

// UpdateTags makes what differs between the old and the new tags so.
func UpdateTags(ctx context.Context, client *ec2.Client, id string, old, new map[string]string) error {
	var gone []types.Tag
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if _, stays := new[key]; !stays {
			gone = append(gone, types.Tag{Key: aws.String(key)})
		}
	}
	if len(gone) > 0 {
		if _, err := client.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: []string{id}, Tags: gone}); err != nil {
			return err
		}
	}
	changed := map[string]string{}
	for key, value := range new {
		if was, had := old[key]; !had || was != value {
			changed[key] = value
		}
	}
	if len(changed) == 0 {
		return nil
	}
	_, err := client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: ec2Tags(changed)})
	return err
}
