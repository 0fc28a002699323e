package ec2

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// seenInstance is all that EC2 tells of an instance, which takes several questions.
type seenInstance struct {
	types.Instance
	owner      string
	root       *types.Volume
	deleteRoot *bool
	userData   string
	protected  bool
}

// findInstance returns nil where there is none, or none any more.
func findInstance(ctx context.Context, client *ec2.Client, id string) (*types.Instance, string, error) {
	found, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
	if config.HasCode(err, "InvalidInstanceID.NotFound") {
		return nil, "", nil
	}
	if err != nil || len(found.Reservations) == 0 || len(found.Reservations[0].Instances) == 0 {
		return nil, "", err
	}
	return &found.Reservations[0].Instances[0], aws.ToString(found.Reservations[0].OwnerId), nil
}

// awaitState waits for a state. An instance that ends on the way is an error, unless its end is awaited.
func awaitState(
	ctx context.Context, client *ec2.Client, id string, limit time.Duration, wanted types.InstanceStateName,
) (instance *types.Instance, err error) {
	err = config.Await(ctx, limit, "until it is "+string(wanted), func() (bool, error) {
		instance, _, err = findInstance(ctx, client, id)
		if err != nil || instance == nil || instance.State == nil {
			return instance == nil && wanted == types.InstanceStateNameTerminated, err
		}
		ended := instance.State.Name == types.InstanceStateNameTerminated ||
			instance.State.Name == types.InstanceStateNameShuttingDown
		if ended && wanted != types.InstanceStateNameTerminated {
			reason := aws.ToString(instance.StateTransitionReason)
			if instance.StateReason != nil {
				reason = aws.ToString(instance.StateReason.Message)
			}
			return false, fmt.Errorf("it is %s: %s", instance.State.Name, reason)
		}
		return instance.State.Name == wanted, nil
	})
	return instance, err
}

// see returns nil where there is none, or none any more.
func see(ctx context.Context, client *ec2.Client, id string) (*seenInstance, error) {
	instance, owner, err := findInstance(ctx, client, id)
	if err != nil || instance == nil || instance.State == nil ||
		instance.State.Name == types.InstanceStateNameTerminated {
		return nil, err
	}
	seen := &seenInstance{Instance: *instance, owner: owner}
	if err := seen.seeRoot(ctx, client); err != nil {
		return nil, err
	}
	ask := func(name types.InstanceAttributeName) (*ec2.DescribeInstanceAttributeOutput, error) {
		input := &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(id), Attribute: name}
		return client.DescribeInstanceAttribute(ctx, input)
	}
	attribute, err := ask(types.InstanceAttributeNameDisableApiTermination)
	if err != nil {
		return nil, err
	}
	if attribute.DisableApiTermination != nil {
		seen.protected = aws.ToBool(attribute.DisableApiTermination.Value)
	}
	if attribute, err = ask(types.InstanceAttributeNameUserData); err != nil {
		return nil, err
	}
	if attribute.UserData != nil {
		decoded, err := base64.StdEncoding.DecodeString(aws.ToString(attribute.UserData.Value))
		if err != nil {
			return nil, fmt.Errorf("user data: %w", err)
		}
		seen.userData = string(decoded)
	}
	return seen, nil
}

func (seen *seenInstance) seeRoot(ctx context.Context, client *ec2.Client) error {
	for _, mapping := range seen.BlockDeviceMappings {
		if mapping.Ebs == nil || aws.ToString(mapping.DeviceName) != aws.ToString(seen.RootDeviceName) {
			continue
		}
		seen.deleteRoot = mapping.Ebs.DeleteOnTermination
		id := aws.ToString(mapping.Ebs.VolumeId)
		found, err := client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{id}})
		if err != nil {
			return err
		}
		if len(found.Volumes) == 1 {
			seen.root = &found.Volumes[0]
		}
	}
	return nil
}

func (seen *seenInstance) primary() *types.InstanceNetworkInterface {
	for i, network := range seen.NetworkInterfaces {
		if network.Attachment != nil && aws.ToInt32(network.Attachment.DeviceIndex) == 0 {
			return &seen.NetworkInterfaces[i]
		}
	}
	return nil
}

func (s InstanceState) refreshed(ctx context.Context, seen *seenInstance) InstanceState {
	id := aws.ToString(seen.InstanceId)
	s.Region, s.Arn = config.Region(ctx), config.ARN(ctx, seen.owner, "instance/"+id)
	s.Ami, s.InstanceType = seen.ImageId, aws.String(string(seen.InstanceType))
	s.InstanceState, s.InstanceLifecycle = string(seen.State.Name), string(seen.Instance.InstanceLifecycle)
	s.SpotInstanceRequestId = aws.ToString(seen.Instance.SpotInstanceRequestId)
	s.KeyName, s.SubnetId = aws.String(aws.ToString(seen.KeyName)), aws.String(aws.ToString(seen.SubnetId))
	s.PublicIp, s.PublicDns = aws.ToString(seen.PublicIpAddress), aws.ToString(seen.PublicDnsName)
	s.PrivateIp, s.PrivateDns = aws.ToString(seen.PrivateIpAddress), aws.ToString(seen.PrivateDnsName)
	s.DisableApiTermination = aws.Bool(seen.protected)
	s.EbsOptimized = aws.Bool(aws.ToBool(seen.EbsOptimized))
	s.SourceDestCheck = aws.Bool(seen.SourceDestCheck == nil || *seen.SourceDestCheck)
	if seen.Placement != nil {
		s.AvailabilityZone = seen.Placement.AvailabilityZone
	}
	if seen.Monitoring != nil {
		on := seen.Monitoring.State == types.MonitoringStateEnabled || seen.Monitoring.State == types.MonitoringStatePending
		s.Monitoring = aws.Bool(on)
	}
	s.IamInstanceProfile = aws.String("")
	if seen.Instance.IamInstanceProfile != nil {
		arn := aws.ToString(seen.Instance.IamInstanceProfile.Arn)
		s.IamInstanceProfile = aws.String(arn[strings.LastIndexByte(arn, '/')+1:])
	}
	if s.UserData != nil && string(rawUserData(*s.UserData)) != seen.userData || s.UserData == nil && seen.userData != "" {
		s.UserData = aws.String(seen.userData)
	}
	s.seeNetwork(seen)
	s.seeMetadataOptions(seen)
	s.seeRoot(ctx, seen)
	s.TagsAll = config.TagMap(seen.Instance.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

func (s *InstanceState) seeNetwork(seen *seenInstance) {
	member := seen.SecurityGroups
	s.Ipv6Addresses = []string{}
	if primary := seen.primary(); primary != nil {
		if len(primary.Groups) > 0 { // where an update changes them
			member = primary.Groups
		}
		s.PrimaryNetworkInterfaceId = aws.ToString(primary.NetworkInterfaceId)
		for _, address := range primary.Ipv6Addresses {
			s.Ipv6Addresses = append(s.Ipv6Addresses, aws.ToString(address.Ipv6Address))
		}
	}
	var groups []string
	for _, group := range member {
		groups = append(groups, aws.ToString(group.GroupId))
	}
	s.VpcSecurityGroupIds = inOrderOf(s.VpcSecurityGroupIds, groups)
	s.Ipv6AddressCount = aws.Int(len(s.Ipv6Addresses))
	if s.AssociatePublicIpAddress == nil {
		s.AssociatePublicIpAddress = aws.Bool(s.PublicIp != "")
	}
}

// inOrderOf keeps the program's order where the members are the same: they are a set.
func inOrderOf(program, actual []string) []string {
	slices.Sort(actual)
	if slices.Equal(slices.Sorted(slices.Values(program)), actual) {
		return program
	}
	return actual
}

func (s *InstanceState) seeMetadataOptions(seen *seenInstance) {
	m := seen.Instance.MetadataOptions
	if m == nil {
		return
	}
	s.MetadataOptions = &InstanceMetadataOptions{
		HttpEndpoint: aws.String(string(m.HttpEndpoint)), HttpTokens: aws.String(string(m.HttpTokens)),
		HttpPutResponseHopLimit: integer(m.HttpPutResponseHopLimit),
		InstanceMetadataTags:    aws.String(string(m.InstanceMetadataTags)),
		HttpProtocolIpv6:        aws.String(string(m.HttpProtocolIpv6)),
	}
}

func (s *InstanceState) seeRoot(ctx context.Context, seen *seenInstance) {
	if seen.root == nil {
		return
	}
	root := &InstanceRootBlockDevice{
		DeleteOnTermination: seen.deleteRoot, DeviceName: seen.RootDeviceName, Encrypted: seen.root.Encrypted,
		Iops: integer(seen.root.Iops), KmsKeyId: seen.root.KmsKeyId, Throughput: integer(seen.root.Throughput),
		VolumeId: seen.root.VolumeId, VolumeSize: integer(seen.root.Size),
		VolumeType: aws.String(string(seen.root.VolumeType)), TagsAll: config.TagMap(seen.root.Tags),
	}
	if s.RootBlockDevice != nil {
		root.Tags = s.RootBlockDevice.Tags
		if s.RootBlockDevice.KmsKeyId != nil {
			root.KmsKeyId = s.RootBlockDevice.KmsKeyId // an alias and the key's ARN are the same
		}
	}
	if root.Tags != nil {
		root.Tags = config.OwnTags(ctx, root.Tags, root.TagsAll)
	}
	s.RootBlockDevice = root
}
