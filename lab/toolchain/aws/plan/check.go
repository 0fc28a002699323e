package plan

import (
	"context"
	"regexp"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

const autoNameDigits = 7

// Check decodes a resource's inputs. A property that this provider does not have fails by its name. Where the program
// gives no name, the resource is called by its logical name and random digits, and keeps that over updates.
func Check[I any](ctx context.Context, r infer.CheckRequest, nameProperty string) (infer.CheckResponse[I], error) {
	inputs := withIDs(r.NewInputs)
	if nameProperty != "" && inputs.Get(nameProperty).IsNull() {
		name, err := autoName(r.Name, r.OldInputs.Get(nameProperty))
		if err != nil {
			return infer.CheckResponse[I]{}, err
		}
		inputs = inputs.Set(nameProperty, property.New(name))
	}
	args, failures, err := infer.DefaultCheck[I](ctx, inputs)
	return infer.CheckResponse[I]{Inputs: args, Failures: config.Explain(failures)}, err
}

// Fail adds a failure to a check's answer.
func Fail[I any](response *infer.CheckResponse[I], property, reason string) {
	response.Failures = append(response.Failures, p.CheckFailure{Property: property, Reason: reason})
}

func autoName(logical string, old property.Value) (string, error) {
	if old.IsString() && isAutoName(logical, old.AsString()) {
		return old.AsString(), nil
	}
	return resource.NewUniqueHex(logical+"-", autoNameDigits, 0)
}

func isAutoName(logical, name string) bool {
	return regexp.MustCompile(`^` + regexp.QuoteMeta(logical) + `-[0-9a-f]{7}$`).MatchString(name)
}

// withIDs puts a resource's id where the program gave the resource itself, as in `role: role`.
func withIDs(inputs property.Map) property.Map {
	for key, value := range inputs.All {
		if value.IsResourceReference() {
			inputs = inputs.Set(key, value.AsResourceReference().ID.WithSecret(value.Secret()))
		}
	}
	return inputs
}
