package ebs

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// Delete waits until it is gone, after a last snapshot where the program asks for one.
func (Volume) Delete(ctx context.Context, r infer.DeleteRequest[VolumeState]) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	volume, err := find(ctx, client, r.ID)
	if err != nil || volume == nil {
		return infer.DeleteResponse{}, failed("deleting", r.ID, err)
	}
	if aws.ToBool(r.State.FinalSnapshot) {
		if err := keepSnapshot(ctx, client, r.ID, r.State.TagsAll); err != nil {
			return infer.DeleteResponse{}, failed("taking the final snapshot of", r.ID, err)
		}
	}
	var inUse error
	err = config.Await(ctx, deleteLimit, "until nothing uses it", func() (bool, error) {
		_, inUse = client.DeleteVolume(ctx, &ec2.DeleteVolumeInput{VolumeId: aws.String(r.ID)})
		if config.HasCode(inUse, "VolumeInUse") {
			return false, nil
		}
		if config.HasCode(inUse, "InvalidVolume.NotFound") {
			inUse = nil
		}
		return true, inUse
	})
	if err != nil && inUse != nil {
		err = inUse
	}
	if err == nil {
		err = config.Await(ctx, deleteLimit, "until it is gone", func() (bool, error) {
			volume, err := find(ctx, client, r.ID)
			return volume == nil && err == nil, err
		})
	}
	return infer.DeleteResponse{}, failed("deleting", r.ID, err)
}

func keepSnapshot(ctx context.Context, client *ec2.Client, id string, tags map[string]string) error {
	made, err := client.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
		VolumeId: aws.String(id), TagSpecifications: config.TagSpecification(types.ResourceTypeSnapshot, tags),
	})
	if err != nil {
		return err
	}
	return config.Await(ctx, snapshotLimit, "until the snapshot is complete", func() (bool, error) {
		found, err := client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{
			SnapshotIds: []string{aws.ToString(made.SnapshotId)},
		})
		if err != nil || len(found.Snapshots) == 0 {
			return false, err
		}
		if found.Snapshots[0].State == types.SnapshotStateError {
			return false, errors.New(aws.ToString(found.Snapshots[0].StateMessage))
		}
		return found.Snapshots[0].State == types.SnapshotStateCompleted, nil
	})
}
