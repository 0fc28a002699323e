package plan

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// ID is what a function's property `id` is called in Go: infer refuses the name itself, for resources own it.
const ID = "functionId"

// WithIDs calls the functions' property ID by its official name, `id`, in calls and in the schema.
func WithIDs(provider p.Provider) p.Provider {
	invoke, getSchema := provider.Invoke, provider.GetSchema
	provider.Invoke = func(ctx context.Context, r p.InvokeRequest) (p.InvokeResponse, error) {
		r.Args = rename(r.Args, "id", ID)
		response, err := invoke(ctx, r)
		response.Return = rename(response.Return, ID, "id")
		return response, err
	}
	provider.GetSchema = func(ctx context.Context, r p.GetSchemaRequest) (p.GetSchemaResponse, error) {
		response, err := getSchema(ctx, r)
		response.Schema = strings.ReplaceAll(response.Schema, `"`+ID+`"`, `"id"`)
		return response, err
	}
	return provider
}

func rename(properties property.Map, from, to string) property.Map {
	value, has := properties.GetOk(from)
	if !has {
		return properties
	}
	return properties.Delete(from).Set(to, value)
}
