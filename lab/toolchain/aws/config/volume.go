package config

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const modifyVolumeLimit = 5 * time.Minute

// Volume is what can be changed of one in place.
type Volume struct {
	Size, Iops, Throughput *int
	Type                   *string
}

// VolumeChange is the request that makes one volume like another, or nil where it is so.
func VolumeChange(id string, is, want Volume) *ec2.ModifyVolumeInput {
	change := &ec2.ModifyVolumeInput{VolumeId: aws.String(id)}
	changed := false
	pick := func(is, want *int) *int32 {
		if want == nil || is != nil && *is == *want {
			return nil
		}
		changed = true
		return aws.Int32(int32(*want))
	}
	if want.Type != nil && aws.ToString(is.Type) != *want.Type {
		change.VolumeType, changed = types.VolumeType(*want.Type), true
	}
	change.Size, change.Iops, change.Throughput =
		pick(is.Size, want.Size), pick(is.Iops, want.Iops), pick(is.Throughput, want.Throughput)
	if !changed {
		return nil
	}
	return change
}

// ModifyVolume waits until the volume can be used as changed: AWS optimizes it for hours after that.
func ModifyVolume(ctx context.Context, client *ec2.Client, change *ec2.ModifyVolumeInput) error {
	if _, err := client.ModifyVolume(ctx, change); err != nil {
		return fmt.Errorf("changing volume (%s): %w", aws.ToString(change.VolumeId), err)
	}
	return Await(ctx, modifyVolumeLimit, "until the volume is changed", func() (bool, error) {
		found, err := client.DescribeVolumesModifications(ctx, &ec2.DescribeVolumesModificationsInput{
			VolumeIds: []string{aws.ToString(change.VolumeId)},
		})
		if err != nil || len(found.VolumesModifications) == 0 {
			return err == nil, err
		}
		last := found.VolumesModifications[0]
		if last.ModificationState == types.VolumeModificationStateFailed {
			return false, fmt.Errorf("changing volume (%s): %s", aws.ToString(change.VolumeId), aws.ToString(last.StatusMessage))
		}
		return last.ModificationState != types.VolumeModificationStateModifying, nil
	})
}
