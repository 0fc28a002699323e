// Package plan decides what the engine asks before it acts: what an input's change means, and what a resource without a
// name is called.
package plan

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// Rules say what changes of a resource's inputs mean. A property is named by its path, such as
// rootBlockDevice.encrypted, which stands for all that lies below it too.
type Rules struct {
	// Replace are those that cannot be changed in place.
	Replace []string
	// Computed are those that AWS decides where the program does not: removing them from the program changes nothing.
	Computed []string
	// Sets are lists whose order means nothing.
	Sets []string
	// Same reports, by property, whether two different texts mean the same.
	Same map[string]func(old, new string) bool
	// Defaults are those whose absence means this value.
	Defaults map[string]any
	// Name is the property by which AWS tells two such resources apart. Where it stays, a replacement can only be made
	// after its predecessor is gone.
	Name string
}

type rawDiffKey struct{}

// WithRawDiff lets Diff see the engine's own request: what infer passes to a resource has neither the old inputs nor
// what is not known yet.
func WithRawDiff(provider p.Provider) p.Provider {
	typed := provider.Diff
	provider.Diff = func(ctx context.Context, r p.DiffRequest) (p.DiffResponse, error) {
		return typed(context.WithValue(ctx, rawDiffKey{}, r), r)
	}
	return provider
}

// WithConfigDiff replaces the provider, and with it all that it made, only where the rules say so. By itself, infer does
// so for any change: for a new access key too.
func WithConfigDiff(provider p.Provider, rules Rules) p.Provider {
	provider.DiffConfig = func(_ context.Context, r p.DiffRequest) (p.DiffResponse, error) {
		old := r.OldInputs
		if old.Len() == 0 {
			old = r.State
		}
		old, new := old.Delete("version"), r.Inputs.Delete("version")
		return rules.diff("", plain(old), plain(new)), nil
	}
	return provider
}

// Diff compares the inputs in the state with the program's by the rules.
func Diff(ctx context.Context, rules Rules) p.DiffResponse {
	r := ctx.Value(rawDiffKey{}).(p.DiffRequest)
	new := plain(r.Inputs)
	response := rules.diff(r.Urn.Name(), plain(r.OldInputs), new)
	if lacksDefaultTags(ctx, plain(r.State), new) {
		response.HasChanges = true
		response.DetailedDiff["tagsAll"] = p.PropertyDiff{Kind: p.Update}
	}
	return response
}

// lacksDefaultTags reports whether the provider's default tags have changed since the resource got its own.
func lacksDefaultTags(ctx context.Context, state, inputs resource.PropertyMap) bool {
	has, tagged := state["tagsAll"]
	if !tagged || !has.IsObject() || inputs["tags"].ContainsUnknowns() {
		return false
	}
	tags := func(value resource.PropertyValue) map[string]string {
		all := map[string]string{}
		if value.IsObject() {
			for key, tag := range value.ObjectValue() {
				if tag.IsString() {
					all[string(key)] = tag.StringValue()
				}
			}
		}
		return all
	}
	is, want := tags(has), config.AllTags(ctx, tags(inputs["tags"]))
	for key, value := range config.AllTags(ctx, nil) {
		if want[key] == value && is[key] != value {
			return true
		}
	}
	return false
}

func (rules Rules) diff(name string, old, new resource.PropertyMap) p.DiffResponse {
	rules.align(old, new)
	changes := old.Diff(new, func(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") })
	response := p.DiffResponse{HasChanges: changes.AnyChanges(), DetailedDiff: map[string]p.PropertyDiff{}}
	replaces := false
	for path, change := range plugin.NewDetailedDiffFromObjectDiff(changes, true) {
		kind := change.Kind
		if covers(rules.Replace, path) {
			kind = kind.AsReplace()
			replaces = true
		}
		response.DetailedDiff[path] = p.PropertyDiff{Kind: kinds[kind], InputDiff: true}
	}
	if replaces && rules.Name != "" {
		was, is := old[resource.PropertyKey(rules.Name)], new[resource.PropertyKey(rules.Name)]
		response.DeleteBeforeReplace = is.IsString() && was.DeepEquals(is) && !isAutoName(name, is.StringValue())
	}
	return response
}

var kinds = map[plugin.DiffKind]p.DiffKind{
	plugin.DiffAdd: p.Add, plugin.DiffAddReplace: p.AddReplace,
	plugin.DiffDelete: p.Delete, plugin.DiffDeleteReplace: p.DeleteReplace,
	plugin.DiffUpdate: p.Update, plugin.DiffUpdateReplace: p.UpdateReplace,
}

func covers(properties []string, path string) bool {
	for _, property := range properties {
		if rest, ok := strings.CutPrefix(path, property); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// align makes what means the same look the same.
func (rules Rules) align(old, new resource.PropertyMap) {
	for property, value := range rules.Defaults {
		for _, inputs := range []resource.PropertyMap{old, new} {
			parent, key := locate(inputs, property)
			if parent != nil && parent[key].IsNull() {
				parent[key] = resource.NewPropertyValue(value)
			}
		}
	}
	for _, property := range rules.Computed {
		was, key := locate(old, property)
		is, _ := locate(new, property)
		if was != nil && is != nil && is[key].IsNull() && !was[key].IsNull() {
			is[key] = was[key]
		}
	}
	for _, property := range rules.Sets {
		key := resource.PropertyKey(property)
		if sameMembers(old[key], new[key]) {
			new[key] = old[key]
		}
	}
	for property, same := range rules.Same {
		key := resource.PropertyKey(property)
		if old[key].IsString() && new[key].IsString() && same(old[key].StringValue(), new[key].StringValue()) {
			new[key] = old[key]
		}
	}
}

// locate finds the map that holds, or would hold, a property. It is nil where what is above it is not there.
func locate(inputs resource.PropertyMap, path string) (resource.PropertyMap, resource.PropertyKey) {
	parent, child, nested := strings.Cut(path, ".")
	if !nested {
		return inputs, resource.PropertyKey(path)
	}
	if above := inputs[resource.PropertyKey(parent)]; above.IsObject() {
		return locate(above.ObjectValue(), child)
	}
	return nil, ""
}

func sameMembers(a, b resource.PropertyValue) bool {
	if !a.IsArray() || !b.IsArray() || len(a.ArrayValue()) != len(b.ArrayValue()) {
		return false
	}
	count := map[string]int{}
	for i := range a.ArrayValue() {
		x, y := a.ArrayValue()[i], b.ArrayValue()[i]
		if !x.IsString() || !y.IsString() {
			return false
		}
		count[x.StringValue()]++
		count[y.StringValue()]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// plain is a copy of the inputs in which a secret is as its content.
func plain(inputs property.Map) resource.PropertyMap {
	return unwrap(resource.ToResourcePropertyValue(property.New(inputs))).ObjectValue()
}

func unwrap(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return unwrap(value.SecretValue().Element)
	case value.IsOutput() && value.OutputValue().Known:
		return unwrap(value.OutputValue().Element)
	case value.IsOutput():
		return resource.MakeComputed(resource.NewStringProperty(""))
	case value.IsArray():
		list := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			list[i] = unwrap(element)
		}
		return resource.NewArrayProperty(list)
	case value.IsObject():
		object := resource.PropertyMap{}
		for key, element := range value.ObjectValue() {
			if !element.IsNull() {
				object[key] = unwrap(element)
			}
		}
		return resource.NewObjectProperty(object)
	}
	return value
}
