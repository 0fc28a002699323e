package ec2

import (
	"context"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

const attachLimit = 5 * time.Minute

// VolumeAttachment puts a volume into an instance.
type VolumeAttachment struct{}

// VolumeAttachmentArgs are its inputs.
type VolumeAttachmentArgs struct {
	DeviceName                  string `pulumi:"deviceName"`
	ForceDetach                 *bool  `pulumi:"forceDetach,optional"`
	InstanceId                  string `pulumi:"instanceId"`
	SkipDestroy                 *bool  `pulumi:"skipDestroy,optional"`
	StopInstanceBeforeDetaching *bool  `pulumi:"stopInstanceBeforeDetaching,optional"`
	VolumeId                    string `pulumi:"volumeId"`
}

// VolumeAttachmentState is what is known of it.
type VolumeAttachmentState struct {
	VolumeAttachmentArgs
	Region string `pulumi:"region"`
}

// Annotate gives it the official token.
func (v *VolumeAttachment) Annotate(a infer.Annotator) {
	a.SetToken("ec2/volumeAttachment", "VolumeAttachment")
}

// Check refuses unknown properties.
func (VolumeAttachment) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[VolumeAttachmentArgs], error) {
	return plan.Check[VolumeAttachmentArgs](ctx, r, "")
}

// Diff replaces it for all but what only its end reads. The one volume cannot be at both ends, so the old attachment
// goes first where it stays the same volume.
func (VolumeAttachment) Diff(
	ctx context.Context, _ infer.DiffRequest[VolumeAttachmentArgs, VolumeAttachmentState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{Replace: []string{"deviceName", "instanceId", "volumeId"}, Name: "volumeId"}), nil
}

// Create waits until the volume is attached.
func (VolumeAttachment) Create(
	ctx context.Context, r infer.CreateRequest[VolumeAttachmentArgs],
) (infer.CreateResponse[VolumeAttachmentState], error) {
	state := VolumeAttachmentState{VolumeAttachmentArgs: r.Inputs, Region: config.Region(ctx)}
	if r.DryRun {
		return infer.CreateResponse[VolumeAttachmentState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[VolumeAttachmentState]{}, err
	}
	a := r.Inputs
	attachment, err := findAttachment(ctx, client, a)
	if err == nil && attachment == nil {
		if _, err = awaitState(ctx, client, a.InstanceId, createLimit, types.InstanceStateNameRunning); err == nil {
			_, err = client.AttachVolume(ctx, &ec2.AttachVolumeInput{
				Device: aws.String(a.DeviceName), InstanceId: aws.String(a.InstanceId), VolumeId: aws.String(a.VolumeId),
			})
		}
	}
	if err != nil {
		return infer.CreateResponse[VolumeAttachmentState]{}, failed("attaching volume", a.VolumeId, err)
	}
	id := fmt.Sprintf("vai-%d", crc32.ChecksumIEEE([]byte(a.DeviceName+"-"+a.InstanceId+"-"+a.VolumeId+"-")))
	err = config.Await(ctx, attachLimit, "until it is attached", func() (bool, error) {
		attachment, err := findAttachment(ctx, client, a)
		return attachment != nil && attachment.State == types.VolumeAttachmentStateAttached, err
	})
	if err != nil {
		err = partial("attaching volume", a.VolumeId, err)
	}
	return infer.CreateResponse[VolumeAttachmentState]{ID: id, Output: state}, err
}

// findAttachment returns nil where the volume is not, or no longer, at that instance.
func findAttachment(
	ctx context.Context, client *ec2.Client, a VolumeAttachmentArgs,
) (*types.VolumeAttachment, error) {
	found, err := client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{a.VolumeId}})
	if config.HasCode(err, "InvalidVolume.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.Volumes) == 0 {
		return nil, err
	}
	for i, attachment := range found.Volumes[0].Attachments {
		there := aws.ToString(attachment.InstanceId) == a.InstanceId && aws.ToString(attachment.Device) == a.DeviceName
		if there && attachment.State != types.VolumeAttachmentStateDetached {
			return &found.Volumes[0].Attachments[i], nil
		}
	}
	return nil, nil
}

// Read sees whether it is still there.
func (VolumeAttachment) Read(
	ctx context.Context, r infer.ReadRequest[VolumeAttachmentArgs, VolumeAttachmentState],
) (infer.ReadResponse[VolumeAttachmentArgs, VolumeAttachmentState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[VolumeAttachmentArgs, VolumeAttachmentState]{}, err
	}
	attachment, err := findAttachment(ctx, client, r.State.VolumeAttachmentArgs)
	if err != nil || attachment == nil {
		return infer.ReadResponse[VolumeAttachmentArgs, VolumeAttachmentState]{}, failed("reading attachment", r.ID, err)
	}
	state := VolumeAttachmentState{VolumeAttachmentArgs: r.State.VolumeAttachmentArgs, Region: config.Region(ctx)}
	return infer.ReadResponse[VolumeAttachmentArgs, VolumeAttachmentState]{ID: r.ID, Inputs: r.Inputs, State: state}, nil
}

// Update only notes how it is to end.
func (VolumeAttachment) Update(
	_ context.Context, r infer.UpdateRequest[VolumeAttachmentArgs, VolumeAttachmentState],
) (infer.UpdateResponse[VolumeAttachmentState], error) {
	state := VolumeAttachmentState{VolumeAttachmentArgs: r.Inputs, Region: r.State.Region}
	return infer.UpdateResponse[VolumeAttachmentState]{Output: state}, nil
}

// Delete waits until the volume is free, unless the program wants it left where it is.
func (VolumeAttachment) Delete(
	ctx context.Context, r infer.DeleteRequest[VolumeAttachmentState],
) (infer.DeleteResponse, error) {
	a := r.State.VolumeAttachmentArgs
	if aws.ToBool(a.SkipDestroy) {
		return infer.DeleteResponse{}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	attachment, err := findAttachment(ctx, client, a)
	if err == nil && attachment != nil {
		err = detach(ctx, client, a)
	}
	return infer.DeleteResponse{}, failed("detaching volume", a.VolumeId, err)
}

func detach(ctx context.Context, client *ec2.Client, a VolumeAttachmentArgs) error {
	if aws.ToBool(a.StopInstanceBeforeDetaching) {
		instance, _, err := findInstance(ctx, client, a.InstanceId)
		if err != nil {
			return err
		}
		if instance != nil && instance.State != nil && instance.State.Name == types.InstanceStateNameRunning {
			if _, err := client.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{a.InstanceId}}); err != nil {
				return err
			}
			if _, err := awaitState(ctx, client, a.InstanceId, updateLimit, types.InstanceStateNameStopped); err != nil {
				return err
			}
		}
	}
	_, err := client.DetachVolume(ctx, &ec2.DetachVolumeInput{
		Device: aws.String(a.DeviceName), InstanceId: aws.String(a.InstanceId), VolumeId: aws.String(a.VolumeId),
		Force: a.ForceDetach,
	})
	if config.HasCode(err, "IncorrectState", "InvalidAttachment.NotFound", "InvalidVolume.NotFound",
		"InvalidInstanceID.NotFound") {
		err = nil // it went, or goes, with the instance
	}
	if err != nil {
		return err
	}
	return config.Await(ctx, attachLimit, "until it is detached", func() (bool, error) {
		attachment, err := findAttachment(ctx, client, a)
		return attachment == nil && err == nil, err
	})
}
