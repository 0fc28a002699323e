package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
)

func TestAnotherTypeStopsTheMachineAndStartsItAgain(t *testing.T) {
	answers := running()
	server, fake := start(t, answers)
	made := create(t, server)
	answers["StopInstances"] = func(url.Values) string {
		answers["DescribeInstances"] = describeInstance("stopped")
		return ""
	}
	answers["StartInstances"] = func(url.Values) string {
		answers["DescribeInstances"] = describeInstance("running")
		return ""
	}
	answers["ModifyInstanceAttribute"] = always("refuse Unsupported")
	fake.asked = nil
	_, err := server.Update(p.UpdateRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), State: made.Properties,
		Inputs: with(map[string]any{"instanceType": "t3.large"}),
	})
	if err == nil || !strings.Contains(err.Error(), "Unsupported") {
		t.Errorf("refused change: %v", err)
	}
	want := []string{"StopInstances", "ModifyInstanceAttribute", "StartInstances"}
	if got := fake.changes(); !slices.Equal(got, want) {
		t.Errorf("a machine that may not change stays stopped: %q, want %q", got, want)
	}
}

func TestAnUpdateChangesOnlyWhatDiffers(t *testing.T) {
	answers := running()
	for _, action := range []string{"CreateTags", "DeleteTags", "ModifyInstanceMetadataOptions", "ModifyVolume"} {
		answers[action] = always("")
	}
	answers["DescribeVolumesModifications"] = always("<volumeModificationSet/>")
	server, fake := start(t, answers)
	made := create(t, server)
	for _, change := range []struct {
		inputs map[string]any
		want   []string
	}{
		{map[string]any{"userDataReplaceOnChange": true}, nil},
		{map[string]any{"tags": map[string]any{"Owner": "me"}}, []string{"DeleteTags", "CreateTags"}},
		{
			map[string]any{"metadataOptions": map[string]any{"httpTokens": "optional"}},
			[]string{"ModifyInstanceMetadataOptions"},
		},
		{map[string]any{"rootBlockDevice": map[string]any{"volumeSize": 20.}}, []string{"ModifyVolume"}},
	} {
		fake.asked = nil
		_, err := server.Update(p.UpdateRequest{
			ID: made.ID, Urn: urn(instanceToken, "server"), State: made.Properties, Inputs: with(change.inputs),
		})
		if err != nil {
			t.Errorf("%v: %v", change.inputs, err)
		}
		if got := fake.changes(); !slices.Equal(got, change.want) {
			t.Errorf("%v: %q, want %q", change.inputs, got, change.want)
		}
	}
}

func TestThePreviewOfAnUpdateKnowsWhatStays(t *testing.T) {
	server, fake := start(t, running())
	made := create(t, server)
	fake.asked = nil
	planned, err := server.Update(p.UpdateRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), State: made.Properties, DryRun: true,
		Inputs: with(map[string]any{"tags": map[string]any{"Name": "x"}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, property := range []string{"privateIp", "availabilityZone", "arn"} {
		if got := planned.Properties.Get(property); !got.IsString() || got.AsString() == "" {
			t.Errorf("%s is %v", property, got)
		}
	}
	if len(fake.asked) > 0 {
		t.Errorf("a preview asked %q", fake.actions())
	}
}

func TestThePreviewOfACreationDoesNotKnowTheAddress(t *testing.T) {
	server, fake := start(t, nil)
	planned, err := server.Create(p.CreateRequest{
		Urn: urn("aws:ec2/eip:Eip", "address"), Properties: properties(map[string]any{"domain": "vpc"}), DryRun: true,
	})
	if err != nil || !planned.Properties.Get("publicIp").IsComputed() || len(fake.asked) > 0 {
		t.Errorf("%v, %v, asked %q", planned.Properties.Get("publicIp"), err, fake.actions())
	}
}

func TestANewKeyDoesNotReplaceTheProvider(t *testing.T) {
	server, _ := start(t, nil)
	old := properties(map[string]any{"region": "eu-west-1", "accessKey": "a"})
	for _, change := range []struct {
		new  map[string]any
		want p.DiffKind
	}{
		{map[string]any{"region": "eu-west-1", "accessKey": "b"}, p.Update},
		{map[string]any{"region": "eu-west-2", "accessKey": "a"}, p.UpdateReplace},
	} {
		response, err := server.DiffConfig(p.DiffRequest{State: old, OldInputs: old, Inputs: properties(change.new)})
		if err != nil {
			t.Fatal(err)
		}
		for path, got := range response.DetailedDiff {
			if got.Kind != change.want {
				t.Errorf("%s: %s, want %s", path, got.Kind, change.want)
			}
		}
		if len(response.DetailedDiff) != 1 {
			t.Errorf("%v", response.DetailedDiff)
		}
	}
}
