package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/pulumi/pulumi-go-provider/infer"
)

var errNoRegion = errors.New("invalid AWS Region: it is not set. Set the provider's region, " +
	"`pulumi config set aws:region REGION` or AWS_REGION")

// loaded keeps, by configuration, what the SDK found in files and the environment, so that they are read once.
var loaded sync.Map

func load(ctx context.Context) (Config, aws.Config, error) {
	c := infer.GetConfig[Config](ctx)
	key := fmt.Sprint(aws.ToString(c.Region), "\n", aws.ToString(c.Profile), "\n", aws.ToString(c.AccessKey), "\n",
		aws.ToString(c.SecretKey), "\n", aws.ToString(c.Token))
	if found, ok := loaded.Load(key); ok {
		return c, found.(aws.Config), nil
	}
	var options []func(*sdk.LoadOptions) error
	if c.Region != nil && *c.Region != "" {
		options = append(options, sdk.WithRegion(*c.Region))
	}
	if c.Profile != nil {
		options = append(options, sdk.WithSharedConfigProfile(*c.Profile))
	}
	if c.AccessKey != nil {
		static := credentials.NewStaticCredentialsProvider(*c.AccessKey, aws.ToString(c.SecretKey), aws.ToString(c.Token))
		options = append(options, sdk.WithCredentialsProvider(static))
	}
	if reason := c.notInALab(); reason != "" {
		return c, aws.Config{}, errors.New(reason)
	}
	found, err := sdk.LoadDefaultConfig(ctx, options...)
	if err == nil && found.Region == "" {
		err = errNoRegion
	}
	if err != nil {
		return c, found, fmt.Errorf("configuring the aws provider: %w", err)
	}
	loaded.Store(key, found)
	return c, found, nil
}

// EC2 is the client of the configured EC2 endpoint.
func EC2(ctx context.Context) (*ec2.Client, error) {
	c, found, err := load(ctx)
	if err != nil {
		return nil, err
	}
	return ec2.NewFromConfig(found, func(o *ec2.Options) {
		for _, endpoint := range c.Endpoints {
			if endpoint.Ec2 != nil {
				o.BaseEndpoint = endpoint.Ec2
			}
		}
	}), nil
}

// IAM is the client of the configured IAM endpoint.
func IAM(ctx context.Context) (*iam.Client, error) {
	c, found, err := load(ctx)
	if err != nil {
		return nil, err
	}
	return iam.NewFromConfig(found, func(o *iam.Options) {
		for _, endpoint := range c.Endpoints {
			if endpoint.Iam != nil {
				o.BaseEndpoint = endpoint.Iam
			}
		}
	}), nil
}

// Region is the one that the clients speak to. It is empty where that is not known.
func Region(ctx context.Context) string {
	_, found, _ := load(ctx)
	return found.Region
}

// ARN is a resource's name such as arn:aws:ec2:eu-west-1:123456789012:instance/i-1.
func ARN(ctx context.Context, account, resource string) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:%s", Region(ctx), account, resource)
}

// AllTags are a resource's own tags and the provider's default ones.
func AllTags(ctx context.Context, own map[string]string) map[string]string {
	all := map[string]string{}
	if defaults := infer.GetConfig[Config](ctx).DefaultTags; defaults != nil {
		maps.Copy(all, defaults.Tags)
	}
	maps.Copy(all, own)
	return all
}

// OwnTags are those of a resource's tags that the program has to answer for: without the provider's default ones, where
// the program does not set these itself, and without AWS's own.
func OwnTags(ctx context.Context, program, actual map[string]string) map[string]string {
	own := map[string]string{}
	defaults := AllTags(ctx, nil)
	for key, value := range actual {
		if _, set := program[key]; set || defaults[key] != value {
			own[key] = value
		}
	}
	if len(own) == 0 && program == nil {
		return nil
	}
	return own
}
