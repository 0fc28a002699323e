package main

import (
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

func create(t *testing.T, server integration.Server) p.CreateResponse {
	t.Helper()
	made, err := server.Create(p.CreateRequest{Urn: urn(instanceToken, "server"), Properties: with(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func diff(t *testing.T, server integration.Server, state, old, new property.Map) p.DiffResponse {
	t.Helper()
	response, err := server.Diff(p.DiffRequest{
		ID: "i-1", Urn: urn(instanceToken, "server"), State: state, OldInputs: old, Inputs: new,
	})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestANewInstanceIsAskedForOnceAndIsSeenRunning(t *testing.T) {
	server, fake := start(t, running())
	made := create(t, server)
	if made.ID != "i-1" || made.PartialState != nil {
		t.Errorf("made %q, %+v", made.ID, made.PartialState)
	}
	if got := fake.changes(); !slices.Equal(got, []string{"RunInstances"}) {
		t.Errorf("changes %q", got)
	}
	i := slices.IndexFunc(fake.asked, func(r url.Values) bool { return r.Get("Action") == "RunInstances" })
	request := fake.asked[i]
	for key, want := range map[string]string{
		"UserData": "I2Nsb3VkLWNvbmZpZwo=", "BlockDeviceMapping.1.DeviceName": "/dev/sda1",
		"BlockDeviceMapping.1.Ebs.VolumeType": "gp3", "MetadataOptions.HttpTokens": "required", "SecurityGroupId.1": "sg-2",
	} {
		if request.Get(key) != want {
			t.Errorf("%s is %q, want %q", key, request.Get(key), want)
		}
	}
	if request.Get("ClientToken") == "" {
		t.Error("no client token: a repeated request would start a second machine")
	}
	for key, want := range map[string]string{
		"publicIp": "1.2.3.4", "availabilityZone": "eu-west-1a", "instanceState": "running",
	} {
		if got := made.Properties.Get(key); !got.IsString() || got.AsString() != want {
			t.Errorf("%s is %v, want %q", key, got, want)
		}
	}
}

func TestAnInstanceThatEndsWhileStartingStaysInTheState(t *testing.T) {
	answers := running()
	answers["DescribeInstances"] = describeInstance("terminated")
	server, _ := start(t, answers)
	made, _ := server.Create(p.CreateRequest{Urn: urn(instanceToken, "server"), Properties: with(nil)})
	if made.ID != "i-1" || made.PartialState == nil || !strings.Contains(made.PartialState.Reasons[0], "terminated") {
		t.Errorf("made %q, %+v", made.ID, made.PartialState)
	}
	answers["TerminateInstances"] = always("")
	if err := server.Delete(p.DeleteRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties,
	}); err != nil {
		t.Errorf("it cannot be deleted: %v", err)
	}
}

func TestRefreshWithoutChangesIsQuiet(t *testing.T) {
	server, _ := start(t, running())
	made := create(t, server)
	read, err := server.Read(p.ReadRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties, Inputs: with(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	if response := diff(t, server, read.Properties, read.Inputs, with(nil)); response.HasChanges {
		t.Errorf("changes %v", response.DetailedDiff)
	}
	if !reflect.DeepEqual(plain(read.Properties), plain(made.Properties)) {
		t.Errorf("outputs changed\n%v\n%v", plain(made.Properties), plain(read.Properties))
	}
}

func plain(values property.Map) any {
	return resource.ToResourcePropertyValue(property.New(values)).Mappable()
}

func TestRefreshShowsWhatWasChangedOutside(t *testing.T) {
	server, _ := start(t, running())
	made := create(t, server)
	old := with(map[string]any{
		"instanceType": "t3.large", "tags": map[string]any{"Name": "old"},
		"metadataOptions": map[string]any{"httpTokens": "required", "httpPutResponseHopLimit": 1.},
	})
	read, err := server.Read(p.ReadRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties, Inputs: old,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := diff(t, server, read.Properties, read.Inputs, old).DetailedDiff
	for _, path := range []string{"instanceType", "tags.Name", "metadataOptions.httpPutResponseHopLimit"} {
		if _, shown := got[path]; !shown {
			t.Errorf("%s is not shown: %v", path, got)
		}
	}
	if len(got) != 3 {
		t.Errorf("shown %v", got)
	}
}

func TestAnInstanceThatIsGoneLeavesTheState(t *testing.T) {
	for what, answer := range map[string]func(url.Values) string{
		"terminated": describeInstance("terminated"), "unknown": always("refuse InvalidInstanceID.NotFound"),
	} {
		answers := running()
		server, _ := start(t, answers)
		made := create(t, server)
		answers["DescribeInstances"] = answer
		read, err := server.Read(p.ReadRequest{
			ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties, Inputs: with(nil),
		})
		if err != nil || read.ID != "" {
			t.Errorf("%s: still %q, %v", what, read.ID, err)
		}
	}
}

func TestDeletingAnInstanceThatIsGoneSucceeds(t *testing.T) {
	answers := running()
	server, _ := start(t, answers)
	made := create(t, server)
	answers["TerminateInstances"] = always("refuse InvalidInstanceID.NotFound")
	if err := server.Delete(p.DeleteRequest{
		ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties,
	}); err != nil {
		t.Error(err)
	}
	answers["TerminateInstances"] = always("refuse OperationNotPermitted")
	err := server.Delete(p.DeleteRequest{ID: made.ID, Urn: urn(instanceToken, "server"), Properties: made.Properties})
	if err == nil || !strings.Contains(err.Error(), "OperationNotPermitted") {
		t.Errorf("a protected instance: %v", err)
	}
}

func TestWhatReplacesAnInstance(t *testing.T) {
	server, _ := start(t, running())
	state := create(t, server).Properties
	unknown := resource.FromResourcePropertyValue(resource.MakeComputed(resource.NewStringProperty("")))
	for _, change := range []struct {
		what string
		new  property.Map
		want map[string]p.DiffKind
	}{
		{"nothing", with(nil), nil},
		{"image", with(map[string]any{"ami": "ami-2"}), map[string]p.DiffKind{"ami": p.UpdateReplace}},
		{"subnet", with(map[string]any{"subnetId": "subnet-1"}), map[string]p.DiffKind{"subnetId": p.AddReplace}},
		{"spot", with(map[string]any{"instanceMarketOptions": map[string]any{"marketType": "spot"}}),
			map[string]p.DiffKind{"instanceMarketOptions": p.AddReplace}},
		{"EBS optimized", with(map[string]any{"ebsOptimized": true}), map[string]p.DiffKind{"ebsOptimized": p.AddReplace}},
		{"encryption", with(map[string]any{"rootBlockDevice": map[string]any{"volumeType": "gp3", "encrypted": true}}),
			map[string]p.DiffKind{"rootBlockDevice.encrypted": p.AddReplace}},
		{"size", with(map[string]any{"rootBlockDevice": map[string]any{"volumeType": "gp3", "volumeSize": 9.}}),
			map[string]p.DiffKind{"rootBlockDevice.volumeSize": p.Add}},
		{"type", with(map[string]any{"instanceType": "t3.large"}), map[string]p.DiffKind{"instanceType": p.Update}},
		{"user data", with(map[string]any{"userData": "x"}), map[string]p.DiffKind{"userData": p.Update}},
		{"user data that replaces", with(map[string]any{"userData": "x", "userDataReplaceOnChange": true}),
			map[string]p.DiffKind{"userData": p.UpdateReplace, "userDataReplaceOnChange": p.Update}},
		{"groups in another order", with(map[string]any{"vpcSecurityGroupIds": []any{"sg-1", "sg-2"}}), nil},
		{"what AWS decides", with(map[string]any{"metadataOptions": nil, "rootBlockDevice": nil}), nil},
		{"the default said", with(map[string]any{"sourceDestCheck": true}), nil},
		{"unknown user data", with(map[string]any{"userData": nil}).Set("userData", unknown),
			map[string]p.DiffKind{"userData": p.Update}},
		{"unknown image", with(map[string]any{"ami": nil}).Set("ami", unknown),
			map[string]p.DiffKind{"ami": p.UpdateReplace}},
	} {
		response := diff(t, server, state, with(nil), change.new)
		got := map[string]p.DiffKind{}
		for path, difference := range response.DetailedDiff {
			got[path] = difference.Kind
		}
		if !maps.Equal(got, change.want) || response.HasChanges != (len(change.want) > 0) {
			t.Errorf("%s: %v, want %v", change.what, got, change.want)
		}
	}
}

func TestAnotherProcessorReplaces(t *testing.T) {
	answers := running()
	answers["DescribeInstanceTypes"] = func(request url.Values) string {
		architecture := "x86_64"
		if strings.HasPrefix(request.Get("InstanceType.1"), "t4g") {
			architecture = "arm64"
		}
		return "<instanceTypeSet><item><processorInfo><supportedArchitectures><item>" + architecture +
			"</item></supportedArchitectures></processorInfo></item></instanceTypeSet>"
	}
	server, _ := start(t, answers)
	state := create(t, server).Properties
	for name, want := range map[string]p.DiffKind{"t3.large": p.Update, "t4g.small": p.UpdateReplace} {
		response := diff(t, server, state, with(nil), with(map[string]any{"instanceType": name}))
		if got := response.DetailedDiff["instanceType"].Kind; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
