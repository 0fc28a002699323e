package ec2

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

func (u instanceUpdate) metadataOptions(ctx context.Context) error {
	is, want := u.is.MetadataOptions, u.want.MetadataOptions
	if want == nil || is != nil && sameOptions(*is, *want) {
		return nil
	}
	_, err := u.client.ModifyInstanceMetadataOptions(ctx, &ec2.ModifyInstanceMetadataOptionsInput{
		InstanceId:              aws.String(u.id),
		HttpEndpoint:            types.InstanceMetadataEndpointState(aws.ToString(want.HttpEndpoint)),
		HttpProtocolIpv6:        types.InstanceMetadataProtocolState(aws.ToString(want.HttpProtocolIpv6)),
		HttpPutResponseHopLimit: number(want.HttpPutResponseHopLimit),
		HttpTokens:              types.HttpTokensState(aws.ToString(want.HttpTokens)),
		InstanceMetadataTags:    types.InstanceMetadataTagsState(aws.ToString(want.InstanceMetadataTags)),
	})
	return err
}

func sameOptions(a, b InstanceMetadataOptions) bool {
	return same(a.HttpEndpoint, b.HttpEndpoint) && same(a.HttpProtocolIpv6, b.HttpProtocolIpv6) &&
		same(a.HttpPutResponseHopLimit, b.HttpPutResponseHopLimit) && same(a.HttpTokens, b.HttpTokens) &&
		same(a.InstanceMetadataTags, b.InstanceMetadataTags)
}

// rootVolume changes size, type and speed while the machine runs. The machine has to grow its file system itself.
func (u instanceUpdate) rootVolume(ctx context.Context) error {
	is, want := u.is.RootBlockDevice, u.want.RootBlockDevice
	if is == nil || want == nil {
		return nil
	}
	change := config.VolumeChange(aws.ToString(is.VolumeId),
		config.Volume{Size: is.VolumeSize, Type: is.VolumeType, Iops: is.Iops, Throughput: is.Throughput},
		config.Volume{Size: want.VolumeSize, Type: want.VolumeType, Iops: want.Iops, Throughput: want.Throughput})
	if change != nil {
		if err := config.ModifyVolume(ctx, u.client, change); err != nil {
			return err
		}
	}
	keep := want.DeleteOnTermination != nil && !*want.DeleteOnTermination
	if aws.ToBool(is.DeleteOnTermination) != keep {
		return nil
	}
	_, err := u.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId: aws.String(u.id),
		BlockDeviceMappings: []types.InstanceBlockDeviceMappingSpecification{{
			DeviceName: is.DeviceName, Ebs: &types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: aws.Bool(!keep)},
		}},
	})
	return err
}
