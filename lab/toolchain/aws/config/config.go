// Package config is the provider's configuration, and the clients that it makes.
package config

import (
	"context"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// Config is what the provider is configured with. Without accessKey, credentials come from where the AWS SDK looks for
// them; without region, the region too.
type Config struct {
	Region                    *string      `pulumi:"region,optional"`
	Profile                   *string      `pulumi:"profile,optional"`
	AccessKey                 *string      `pulumi:"accessKey,optional"`
	SecretKey                 *string      `pulumi:"secretKey,optional" provider:"secret"`
	Token                     *string      `pulumi:"token,optional" provider:"secret"`
	Endpoints                 []Endpoint   `pulumi:"endpoints,optional"`
	DefaultTags               *DefaultTags `pulumi:"defaultTags,optional"`
	SkipCredentialsValidation *bool        `pulumi:"skipCredentialsValidation,optional"`
	SkipRegionValidation      *bool        `pulumi:"skipRegionValidation,optional"`
	SkipRequestingAccountId   *bool        `pulumi:"skipRequestingAccountId,optional"`
	SkipMetadataApiCheck      *bool        `pulumi:"skipMetadataApiCheck,optional"`
}

// Endpoint is where services are reached instead of at AWS. Nothing asks sts and ssm, which programs set beside ec2.
type Endpoint struct {
	Ec2 *string `pulumi:"ec2,optional"`
	Iam *string `pulumi:"iam,optional"`
	Sts *string `pulumi:"sts,optional"`
	Ssm *string `pulumi:"ssm,optional"`
}

// DefaultTags are put on every resource that has tags. A resource's own tags win.
type DefaultTags struct {
	Tags map[string]string `pulumi:"tags,optional"`
}

var known = []string{
	"region", "profile", "accessKey", "secretKey", "token", "endpoints", "defaultTags", "skipCredentialsValidation",
	"skipRegionValidation", "skipRequestingAccountId", "skipMetadataApiCheck", "version", "pluginDownloadURL",
}

// Check refuses what the official provider has and this one does not, which infer would silently ignore.
func (Config) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[Config], error) {
	config, failures, err := infer.DefaultCheck[Config](ctx, r.NewInputs.Delete("version", "pluginDownloadURL"))
	for key := range r.NewInputs.All {
		if !slices.Contains(known, key) && !strings.HasPrefix(key, "__") {
			failures = append(failures, p.CheckFailure{Property: key, Reason: "the stand-in aws plugin does not know it"})
		}
	}
	return infer.CheckResponse[Config]{Inputs: config, Failures: failures}, err
}
