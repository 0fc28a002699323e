// Package ebs holds the resource of the official provider's module ebs: volumes.
package ebs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// The official provider's limits.
const (
	createLimit   = 5 * time.Minute
	deleteLimit   = 10 * time.Minute
	snapshotLimit = 10 * time.Minute
)

var errGone = errors.New("it is not there any more; `pulumi refresh` takes it out of the state")

// Volume is a disk that outlives the instances it is attached to.
type Volume struct{}

// VolumeArgs are its inputs.
type VolumeArgs struct {
	AvailabilityZone string            `pulumi:"availabilityZone"`
	Encrypted        *bool             `pulumi:"encrypted,optional"`
	FinalSnapshot    *bool             `pulumi:"finalSnapshot,optional"`
	Iops             *int              `pulumi:"iops,optional"`
	KmsKeyId         *string           `pulumi:"kmsKeyId,optional"`
	Size             *int              `pulumi:"size,optional"`
	SnapshotId       *string           `pulumi:"snapshotId,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
	Throughput       *int              `pulumi:"throughput,optional"`
	Type             *string           `pulumi:"type,optional"`
}

// VolumeState is what is known of it.
type VolumeState struct {
	VolumeArgs
	Arn        string            `pulumi:"arn"`
	CreateTime string            `pulumi:"createTime"`
	Region     string            `pulumi:"region"`
	TagsAll    map[string]string `pulumi:"tagsAll"`
}

// Annotate gives it the official token.
func (v *Volume) Annotate(a infer.Annotator) { a.SetToken("ebs/volume", "Volume") }

// Check wants a size, or a snapshot that has one.
func (Volume) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[VolumeArgs], error) {
	response, err := plan.Check[VolumeArgs](ctx, r, "")
	if err == nil && len(response.Failures) == 0 && response.Inputs.Size == nil && response.Inputs.SnapshotId == nil {
		plan.Fail(&response, "size", "one of size and snapshotId must be set")
	}
	return response, err
}

// Diff replaces it for what EBS cannot change.
func (Volume) Diff(ctx context.Context, _ infer.DiffRequest[VolumeArgs, VolumeState]) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace:  []string{"availabilityZone", "encrypted", "kmsKeyId", "snapshotId"},
		Computed: []string{"encrypted", "iops", "kmsKeyId", "size", "snapshotId", "throughput", "type"},
		Defaults: map[string]any{"finalSnapshot": false},
	}), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (Volume) WireDependencies(f infer.FieldSelector, args *VolumeArgs, state *VolumeState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

func failed(action, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s volume (%s): %w", action, id, err)
}

func number(value *int) *int32 {
	if value == nil {
		return nil
	}
	return aws.Int32(int32(*value))
}

// Create waits until it can be attached.
func (Volume) Create(
	ctx context.Context, r infer.CreateRequest[VolumeArgs],
) (infer.CreateResponse[VolumeState], error) {
	state := VolumeState{VolumeArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[VolumeState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[VolumeState]{}, err
	}
	token, err := resource.NewUniqueHex("pulumi-", 24, 0)
	if err != nil {
		return infer.CreateResponse[VolumeState]{}, err
	}
	made, err := client.CreateVolume(ctx, &ec2.CreateVolumeInput{
		AvailabilityZone: aws.String(state.AvailabilityZone), ClientToken: aws.String(token), Encrypted: state.Encrypted,
		Iops: number(state.Iops), KmsKeyId: state.KmsKeyId, Size: number(state.Size), SnapshotId: state.SnapshotId,
		Throughput: number(state.Throughput), VolumeType: types.VolumeType(aws.ToString(state.Type)),
		TagSpecifications: config.TagSpecification(types.ResourceTypeVolume, state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[VolumeState]{}, failed("creating", r.Name, err)
	}
	id := aws.ToString(made.VolumeId)
	var volume *types.Volume
	err = config.Await(ctx, createLimit, "until it is available", func() (bool, error) {
		volume, err = find(ctx, client, id)
		if err == nil && volume != nil && volume.State == types.VolumeStateError {
			err = errors.New("it failed")
		}
		return err == nil && volume != nil && volume.State == types.VolumeStateAvailable, err
	})
	if volume != nil {
		state = state.refreshed(ctx, volume)
	}
	if err != nil {
		err = infer.ResourceInitFailedError{Reasons: []string{failed("creating", id, err).Error()}}
	}
	return infer.CreateResponse[VolumeState]{ID: id, Output: state}, err
}

// find returns nil where there is none.
func find(ctx context.Context, client *ec2.Client, id string) (*types.Volume, error) {
	found, err := client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
	if config.HasCode(err, "InvalidVolume.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.Volumes) == 0 || found.Volumes[0].State == types.VolumeStateDeleted ||
		found.Volumes[0].State == types.VolumeStateDeleting {
		return nil, err
	}
	return &found.Volumes[0], nil
}

func (s VolumeState) refreshed(ctx context.Context, volume *types.Volume) VolumeState {
	size := func(value *int32) *int { return aws.Int(int(aws.ToInt32(value))) }
	s.AvailabilityZone, s.Region = aws.ToString(volume.AvailabilityZone), config.Region(ctx)
	s.Arn = config.ARN(ctx, "", "volume/"+aws.ToString(volume.VolumeId))
	s.Encrypted = aws.Bool(aws.ToBool(volume.Encrypted))
	s.Iops, s.Size, s.Throughput = size(volume.Iops), size(volume.Size), size(volume.Throughput)
	s.SnapshotId, s.Type = aws.String(aws.ToString(volume.SnapshotId)), aws.String(string(volume.VolumeType))
	if s.KmsKeyId == nil { // an alias and the key's ARN are the same
		s.KmsKeyId = aws.String(aws.ToString(volume.KmsKeyId))
	}
	if volume.CreateTime != nil {
		s.CreateTime = volume.CreateTime.Format(time.RFC3339)
	}
	s.TagsAll = config.TagMap(volume.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

// Read sees whether it is still there and what it is like.
func (Volume) Read(
	ctx context.Context, r infer.ReadRequest[VolumeArgs, VolumeState],
) (infer.ReadResponse[VolumeArgs, VolumeState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[VolumeArgs, VolumeState]{}, err
	}
	volume, err := find(ctx, client, r.ID)
	if err != nil || volume == nil {
		return infer.ReadResponse[VolumeArgs, VolumeState]{}, failed("reading", r.ID, err)
	}
	state := VolumeState{VolumeArgs: r.Inputs}.refreshed(ctx, volume)
	inputs := r.Inputs.only(state.VolumeArgs)
	return infer.ReadResponse[VolumeArgs, VolumeState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// only are the actual values of those inputs that the program sets.
func (a VolumeArgs) only(actual VolumeArgs) VolumeArgs {
	a.AvailabilityZone, a.Tags = actual.AvailabilityZone, actual.Tags
	a.Encrypted, a.SnapshotId = where(a.Encrypted, actual.Encrypted), where(a.SnapshotId, actual.SnapshotId)
	a.Iops, a.Throughput = where(a.Iops, actual.Iops), where(a.Throughput, actual.Throughput)
	a.Size, a.Type = where(a.Size, actual.Size), where(a.Type, actual.Type)
	return a
}

func where[T any](set, actual *T) *T {
	if set == nil {
		return nil
	}
	return actual
}

func or[T any](first, second *T) *T {
	if first != nil {
		return first
	}
	return second
}

// Update changes it while it is in use.
func (Volume) Update(
	ctx context.Context, r infer.UpdateRequest[VolumeArgs, VolumeState],
) (infer.UpdateResponse[VolumeState], error) {
	state, was := r.State, r.State.VolumeArgs
	state.VolumeArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	state.Encrypted, state.KmsKeyId = or(state.Encrypted, was.Encrypted), or(state.KmsKeyId, was.KmsKeyId)
	state.Iops, state.Throughput = or(state.Iops, was.Iops), or(state.Throughput, was.Throughput)
	state.Size, state.Type = or(state.Size, was.Size), or(state.Type, was.Type)
	state.SnapshotId = or(state.SnapshotId, was.SnapshotId)
	if r.DryRun {
		return infer.UpdateResponse[VolumeState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.UpdateResponse[VolumeState]{}, err
	}
	volume, err := find(ctx, client, r.ID)
	if err == nil && volume == nil {
		err = errGone
	}
	if err != nil {
		return infer.UpdateResponse[VolumeState]{}, failed("updating", r.ID, err)
	}
	is := VolumeState{}.refreshed(ctx, volume)
	change := config.VolumeChange(r.ID,
		config.Volume{Size: is.Size, Type: is.Type, Iops: is.Iops, Throughput: is.Throughput},
		config.Volume{Size: r.Inputs.Size, Type: r.Inputs.Type, Iops: r.Inputs.Iops, Throughput: r.Inputs.Throughput})
	if change != nil {
		err = config.ModifyVolume(ctx, client, change)
	}
	if err == nil {
		err = config.UpdateTags(ctx, client, r.ID, is.TagsAll, state.TagsAll)
	}
	if err == nil {
		if volume, err = find(ctx, client, r.ID); volume != nil {
			state = state.refreshed(ctx, volume)
		}
	}
	return infer.UpdateResponse[VolumeState]{Output: state}, failed("updating", r.ID, err)
}
