package ec2

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// The official provider's limits.
const (
	createLimit = 10 * time.Minute
	updateLimit = 10 * time.Minute
	deleteLimit = 20 * time.Minute
)

// Instance is one virtual machine.
type Instance struct{}

// Annotate gives it the official token.
func (i *Instance) Annotate(a infer.Annotator) { a.SetToken("ec2/instance", "Instance") }

// Check wants an image and a type, and refuses what the root volume only tells.
func (Instance) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[InstanceArgs], error) {
	response, err := plan.Check[InstanceArgs](ctx, r, "")
	if err != nil || len(response.Failures) > 0 {
		return response, err
	}
	for _, property := range []string{"ami", "instanceType"} {
		if r.NewInputs.Get(property).IsNull() {
			plan.Fail(&response, property, "must be set, for the stand-in aws plugin does not know launch templates")
		}
	}
	if root := response.Inputs.RootBlockDevice; root != nil {
		if root.DeviceName != nil || root.VolumeId != nil || root.TagsAll != nil {
			plan.Fail(&response, "rootBlockDevice", "deviceName, volumeId and tagsAll are outputs and cannot be set")
		}
		if root.Tags != nil && response.Inputs.VolumeTags != nil {
			plan.Fail(&response, "volumeTags", "conflicts with rootBlockDevice.tags")
		}
	}
	return response, nil
}

func instanceRules() plan.Rules {
	return plan.Rules{
		Replace: []string{
			"ami", "associatePublicIpAddress", "availabilityZone", "ebsOptimized", "instanceMarketOptions", "keyName",
			"rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId", "subnetId",
		},
		Computed: []string{
			"ami", "associatePublicIpAddress", "availabilityZone", "disableApiTermination", "ebsOptimized",
			"iamInstanceProfile", "instanceMarketOptions", "instanceType", "ipv6AddressCount", "keyName",
			"metadataOptions", "metadataOptions.httpEndpoint", "metadataOptions.httpPutResponseHopLimit",
			"metadataOptions.httpTokens", "metadataOptions.instanceMetadataTags", "monitoring", "rootBlockDevice",
			"rootBlockDevice.encrypted", "rootBlockDevice.iops", "rootBlockDevice.kmsKeyId", "rootBlockDevice.throughput",
			"rootBlockDevice.volumeSize", "rootBlockDevice.volumeType", "subnetId", "userData", "vpcSecurityGroupIds",
		},
		Sets: []string{"vpcSecurityGroupIds"},
		Defaults: map[string]any{
			"sourceDestCheck": true, "userDataReplaceOnChange": false, "rootBlockDevice.deleteOnTermination": true,
		},
	}
}

// Diff replaces it for what EC2 cannot change, for another kind of processor and, where the program says so, for other
// user data.
func (Instance) Diff(
	ctx context.Context, r infer.DiffRequest[InstanceArgs, InstanceState],
) (infer.DiffResponse, error) {
	rules := instanceRules()
	if aws.ToBool(r.Inputs.UserDataReplaceOnChange) {
		rules.Replace = append(rules.Replace, "userData")
	}
	response := plan.Diff(ctx, rules)
	if change, changed := response.DetailedDiff["instanceType"]; changed && change.Kind == p.Update {
		if otherArchitecture(ctx, aws.ToString(r.State.InstanceType), aws.ToString(r.Inputs.InstanceType)) {
			change.Kind = p.UpdateReplace
			response.DetailedDiff["instanceType"] = change
		}
	}
	return response, nil
}

// otherArchitecture is false where it cannot be told: the type may not be known yet, or the endpoint not be there.
func otherArchitecture(ctx context.Context, old, new string) bool {
	client, err := config.EC2(ctx)
	if err != nil || old == "" || new == "" {
		return false
	}
	from, err := findInstanceType(ctx, client, old)
	if err != nil {
		return false
	}
	to, err := findInstanceType(ctx, client, new)
	if err != nil {
		return false
	}
	shared := func(architecture string) bool { return slices.Contains(architectures(to), architecture) }
	return len(architectures(from)) > 0 && !slices.ContainsFunc(architectures(from), shared)
}

// Create waits until the machine runs. One that was made but does not run stays in the state, so that it is not lost.
func (Instance) Create(
	ctx context.Context, r infer.CreateRequest[InstanceArgs],
) (infer.CreateResponse[InstanceState], error) {
	state := InstanceState{
		InstanceArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags), Ipv6Addresses: []string{},
	}
	if r.DryRun {
		return infer.CreateResponse[InstanceState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[InstanceState]{}, err
	}
	id, err := run(ctx, client, r.Name, r.Inputs)
	if err != nil {
		return infer.CreateResponse[InstanceState]{}, err
	}
	_, err = awaitState(ctx, client, id, createLimit, types.InstanceStateNameRunning)
	if err == nil && r.Inputs.SourceDestCheck != nil && !*r.Inputs.SourceDestCheck {
		err = setSourceDestCheck(ctx, client, id, false)
	}
	if err == nil {
		var seen *seenInstance
		seen, err = see(ctx, client, id)
		if seen != nil {
			state = state.refreshed(ctx, seen)
		}
	}
	if err != nil {
		return infer.CreateResponse[InstanceState]{ID: id, Output: state}, partial("starting instance", id, err)
	}
	return infer.CreateResponse[InstanceState]{ID: id, Output: state}, nil
}

// Read sees whether it is still there and what it is like.
func (Instance) Read(
	ctx context.Context, r infer.ReadRequest[InstanceArgs, InstanceState],
) (infer.ReadResponse[InstanceArgs, InstanceState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[InstanceArgs, InstanceState]{}, err
	}
	seen, err := see(ctx, client, r.ID)
	if err != nil || seen == nil {
		return infer.ReadResponse[InstanceArgs, InstanceState]{}, failed("reading instance", r.ID, err)
	}
	state := InstanceState{InstanceArgs: r.Inputs}.refreshed(ctx, seen)
	inputs := r.Inputs.only(state.InstanceArgs)
	return infer.ReadResponse[InstanceArgs, InstanceState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Delete waits until the machine is gone. Termination protection makes AWS refuse.
func (Instance) Delete(ctx context.Context, r infer.DeleteRequest[InstanceState]) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err == nil {
		_, err = client.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{r.ID}})
	}
	if err == nil {
		_, err = awaitState(ctx, client, r.ID, deleteLimit, types.InstanceStateNameTerminated)
	}
	if config.HasCode(err, "InvalidInstanceID.NotFound") {
		err = nil
	}
	return infer.DeleteResponse{}, failed("terminating instance", r.ID, err)
}
