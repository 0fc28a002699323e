// Package config is the provider's configuration, and the clients that it makes.
package config

import (
	"context"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
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

// Check refuses what the official provider has and this one does not, which infer would silently ignore later.
func (Config) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[Config], error) {
	inputs := onlyOurEndpoints(r.NewInputs)
	for key := range inputs.All {
		if key == "version" || key == "pluginDownloadURL" || strings.HasPrefix(key, "__") { // the engine's own
			inputs = inputs.Delete(key)
		}
	}
	config, failures, err := infer.DefaultCheck[Config](ctx, inputs)
	if reason := config.notInALab(); err == nil && len(failures) == 0 && reason != "" {
		failures = append(failures, p.CheckFailure{Property: "endpoints", Reason: reason})
	}
	return infer.CheckResponse[Config]{Inputs: config, Failures: Explain(failures)}, err
}

// onlyOurEndpoints leaves out the endpoints of services that no resource here uses.
func onlyOurEndpoints(inputs property.Map) property.Map {
	value := inputs.Get("endpoints")
	if !value.IsArray() {
		return inputs
	}
	var ours []property.Value
	for _, endpoint := range value.AsArray().All {
		if endpoint.IsMap() {
			services := endpoint.AsMap()
			for service := range services.All {
				if !slices.Contains([]string{"ec2", "iam", "sts", "ssm"}, service) {
					services = services.Delete(service)
				}
			}
			endpoint = property.New(services)
		}
		ours = append(ours, endpoint)
	}
	return inputs.Set("endpoints", property.New(ours))
}

// Explain says in a program's words what infer says of Go's types.
func Explain(failures []p.CheckFailure) []p.CheckFailure {
	for i, failure := range failures {
		if strings.HasPrefix(failure.Reason, "Unrecognized field") {
			failures[i].Reason = "the stand-in aws plugin does not have it"
		}
	}
	return failures
}
