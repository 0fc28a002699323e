package ec2

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// propagationLimit is how long IAM may take to tell EC2 of a new instance profile.
const propagationLimit = 2 * time.Minute

// run starts the instance. The token makes a repeated request, after a lost answer, the same instance.
func run(ctx context.Context, client *ec2.Client, name string, args InstanceArgs) (string, error) {
	token, err := resource.NewUniqueHex("pulumi-", 24, 0)
	if err != nil {
		return "", err
	}
	input, err := args.request(ctx)
	if err != nil {
		return "", err
	}
	input.ClientToken = aws.String(token)
	if r := args.RootBlockDevice; r != nil {
		device, err := rootDeviceName(ctx, client, aws.ToString(args.Ami))
		if err != nil {
			return "", err
		}
		input.BlockDeviceMappings = []types.BlockDeviceMapping{{DeviceName: aws.String(device), Ebs: r.request()}}
	}
	var made *ec2.RunInstancesOutput
	var refused error
	err = config.Await(ctx, propagationLimit, "until EC2 knows the instance profile", func() (bool, error) {
		made, refused = client.RunInstances(ctx, input)
		if args.IamInstanceProfile != nil && isUnknownProfile(refused) {
			return false, nil
		}
		return true, refused
	})
	if err != nil {
		if refused != nil {
			err = refused
		}
		return "", failed("creating instance", name, err)
	}
	return aws.ToString(made.Instances[0].InstanceId), nil
}

func (a InstanceArgs) request(ctx context.Context) (*ec2.RunInstancesInput, error) {
	input := &ec2.RunInstancesInput{
		ImageId: a.Ami, InstanceType: types.InstanceType(aws.ToString(a.InstanceType)), KeyName: a.KeyName,
		MinCount: aws.Int32(1), MaxCount: aws.Int32(1), EbsOptimized: a.EbsOptimized,
		DisableApiTermination: a.DisableApiTermination,
		TagSpecifications:     config.TagSpecification(types.ResourceTypeInstance, config.AllTags(ctx, a.Tags)),
	}
	volumeTags := a.VolumeTags
	if a.RootBlockDevice != nil && a.RootBlockDevice.Tags != nil {
		volumeTags = a.RootBlockDevice.Tags
	}
	input.TagSpecifications = append(input.TagSpecifications,
		config.TagSpecification(types.ResourceTypeVolume, config.AllTags(ctx, volumeTags))...)
	if a.AssociatePublicIpAddress != nil {
		// Only a network interface has this, and then all that is the interface's belongs there.
		input.NetworkInterfaces = []types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), AssociatePublicIpAddress: a.AssociatePublicIpAddress, SubnetId: a.SubnetId,
			Groups: a.VpcSecurityGroupIds, Ipv6AddressCount: number(a.Ipv6AddressCount),
		}}
	} else {
		input.SubnetId, input.SecurityGroupIds = a.SubnetId, a.VpcSecurityGroupIds
		input.Ipv6AddressCount = number(a.Ipv6AddressCount)
	}
	if a.AvailabilityZone != nil {
		input.Placement = &types.Placement{AvailabilityZone: a.AvailabilityZone}
	}
	if a.UserData != nil {
		input.UserData = aws.String(base64.StdEncoding.EncodeToString(rawUserData(*a.UserData)))
	}
	if a.Monitoring != nil {
		input.Monitoring = &types.RunInstancesMonitoringEnabled{Enabled: a.Monitoring}
	}
	if a.IamInstanceProfile != nil {
		input.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: a.IamInstanceProfile}
	}
	if m := a.MetadataOptions; m != nil {
		input.MetadataOptions = &types.InstanceMetadataOptionsRequest{
			HttpEndpoint:            types.InstanceMetadataEndpointState(aws.ToString(m.HttpEndpoint)),
			HttpProtocolIpv6:        types.InstanceMetadataProtocolState(aws.ToString(m.HttpProtocolIpv6)),
			HttpPutResponseHopLimit: number(m.HttpPutResponseHopLimit),
			HttpTokens:              types.HttpTokensState(aws.ToString(m.HttpTokens)),
			InstanceMetadataTags:    types.InstanceMetadataTagsState(aws.ToString(m.InstanceMetadataTags)),
		}
	}
	var err error
	input.InstanceMarketOptions, err = a.InstanceMarketOptions.request()
	return input, err
}

func (o *InstanceInstanceMarketOptions) request() (*types.InstanceMarketOptionsRequest, error) {
	if o == nil {
		return nil, nil
	}
	request := &types.InstanceMarketOptionsRequest{MarketType: types.MarketType(aws.ToString(o.MarketType))}
	if s := o.SpotOptions; s != nil {
		request.SpotOptions = &types.SpotMarketOptions{
			MaxPrice: s.MaxPrice, SpotInstanceType: types.SpotInstanceType(aws.ToString(s.SpotInstanceType)),
			InstanceInterruptionBehavior: types.InstanceInterruptionBehavior(aws.ToString(s.InstanceInterruptionBehavior)),
		}
		if s.ValidUntil != nil {
			until, err := time.Parse(time.RFC3339, *s.ValidUntil)
			if err != nil {
				return nil, fmt.Errorf("instanceMarketOptions.spotOptions.validUntil: %w", err)
			}
			request.SpotOptions.ValidUntil = &until
		}
	}
	return request, nil
}

func (r *InstanceRootBlockDevice) request() *types.EbsBlockDevice {
	device := &types.EbsBlockDevice{
		DeleteOnTermination: aws.Bool(true), Encrypted: r.Encrypted, Iops: number(r.Iops), KmsKeyId: r.KmsKeyId,
		Throughput: number(r.Throughput), VolumeSize: number(r.VolumeSize),
		VolumeType: types.VolumeType(aws.ToString(r.VolumeType)),
	}
	if r.DeleteOnTermination != nil {
		device.DeleteOnTermination = r.DeleteOnTermination
	}
	return device
}

// rootDeviceName is where the image expects its root volume.
func rootDeviceName(ctx context.Context, client *ec2.Client, ami string) (string, error) {
	found, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{
		ImageIds: []string{ami}, IncludeDeprecated: aws.Bool(true),
	})
	if err == nil && len(found.Images) == 0 {
		err = errNoResult
	}
	if err == nil && aws.ToString(found.Images[0].RootDeviceName) == "" {
		err = fmt.Errorf("the image has no root device name")
	}
	if err != nil {
		return "", failed("reading image", ami, err)
	}
	return *found.Images[0].RootDeviceName, nil
}

// rawUserData decodes user data that the program encoded itself, as the official provider does.
func rawUserData(text string) []byte {
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
		return decoded
	}
	return []byte(text)
}
