package ec2

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Filter narrows what a function finds.
type Filter struct {
	Name   string   `pulumi:"name"`
	Values []string `pulumi:"values"`
}

// filters are those of the program, its tags, and attributes that are set.
func filters(asked []Filter, tags map[string]string, attributes map[string]*string) []types.Filter {
	var all []types.Filter
	add := func(name string, values ...string) {
		all = append(all, types.Filter{Name: aws.String(name), Values: values})
	}
	for _, filter := range asked {
		add(filter.Name, filter.Values...)
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		add("tag:"+key, tags[key])
	}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if value := attributes[name]; value != nil && *value != "" {
			add(name, *value)
		}
	}
	return all
}

// yes is a filter's value for a flag that is on; one that is off does not filter.
func yes(flag *bool) *string {
	if flag == nil || !*flag {
		return nil
	}
	return aws.String("true")
}
