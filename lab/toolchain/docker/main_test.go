package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// What programs use has the names of the SDK, in states too.
func TestTheResourcesHaveTheSDKsNames(t *testing.T) {
	plugin := info()
	set := regexp.MustCompile(`resourceInputs\["(\w+)"\]`)
	for name, declared := range plugin.Resources {
		file := strings.SplitN(strings.TrimPrefix(string(declared.Tok), "docker:index/"), ":", 2)[0]
		sdk, err := os.ReadFile("../../../node_modules/@pulumi/docker/" + file + ".js")
		if err != nil {
			if os.IsNotExist(err) {
				continue // the SDK is older than the provider
			}
			t.Fatal(err)
		}
		var known []string
		for _, match := range set.FindAllStringSubmatch(string(sdk), -1) {
			known = append(known, match[1])
		}
		schema := plugin.P.ResourcesMap().Get(name).Schema()
		schema.Range(func(property string, _ shim.Schema) bool {
			got := tfbridge.TerraformToPulumiNameV2(property, schema, declared.Fields)
			if got != "id" && !slices.Contains(known, got) {
				t.Errorf("%s.%s is called %s, which the SDK does not know", name, property, got)
			}
			return true
		})
	}
}

func TestAStateWithTheBridgesOwnNamesIsRead(t *testing.T) {
	words := resource.NewArrayProperty([]resource.PropertyValue{resource.NewStringProperty("sleep")})
	transform := info().Resources["docker_container"].TransformFromState
	for _, name := range []resource.PropertyKey{"command", "commands"} {
		// What the bridge noted of the old names would not fit the new ones: it would panic.
		noted := resource.NewProperty(resource.PropertyMap{"obj": resource.NewProperty(resource.PropertyMap{})})
		before := resource.PropertyMap{name: words}
		if name != "command" {
			before[rawStateDelta] = noted
		}
		state, err := transform(t.Context(), before)
		if err != nil || len(state) != 1 || !state["command"].DeepEquals(words) {
			t.Errorf("%s: %v, %v", name, state, err)
		}
	}
}
