package ec2

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// Update changes in place what can be: the type and the user data with a stop and a start.
func (Instance) Update(
	ctx context.Context, r infer.UpdateRequest[InstanceArgs, InstanceState],
) (infer.UpdateResponse[InstanceState], error) {
	state := r.State
	state.InstanceArgs = r.Inputs.completed(r.State.InstanceArgs)
	state.TagsAll = config.AllTags(ctx, r.Inputs.Tags)
	if r.DryRun {
		return infer.UpdateResponse[InstanceState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.UpdateResponse[InstanceState]{}, err
	}
	seen, err := see(ctx, client, r.ID)
	if err == nil && seen == nil {
		err = errGone
	}
	if err == nil {
		// What the state says may have been changed outside, or by an update that then failed: EC2 knows.
		actual := InstanceState{InstanceArgs: r.Inputs}.refreshed(ctx, seen)
		err = instanceUpdate{client, r.ID, seen, actual, state}.apply(ctx, r.Inputs)
	}
	if err == nil {
		seen, err = see(ctx, client, r.ID)
	}
	if err != nil {
		return infer.UpdateResponse[InstanceState]{}, failed("updating instance", r.ID, err)
	}
	if seen != nil {
		state = InstanceState{InstanceArgs: state.InstanceArgs}.refreshed(ctx, seen)
	}
	return infer.UpdateResponse[InstanceState]{Output: state}, nil
}

type instanceUpdate struct {
	client   *ec2.Client
	id       string
	seen     *seenInstance
	is, want InstanceState
}

func (u instanceUpdate) apply(ctx context.Context, program InstanceArgs) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error {
			return config.UpdateTags(ctx, u.client, u.id, u.is.TagsAll, u.want.TagsAll)
		},
		func(ctx context.Context) error { return u.volumeTags(ctx, program) },
		u.instanceProfile, u.sourceDestCheck, u.ipv6Addresses, u.securityGroups, u.typeAndUserData, u.protection,
		u.monitoring, u.metadataOptions, u.rootVolume,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func (u instanceUpdate) volumeTags(ctx context.Context, program InstanceArgs) error {
	want := program.VolumeTags
	if program.RootBlockDevice != nil && program.RootBlockDevice.Tags != nil {
		want = program.RootBlockDevice.Tags
	}
	if want == nil || u.seen.root == nil {
		return nil
	}
	all := config.AllTags(ctx, want)
	is := config.TagMap(u.seen.root.Tags)
	if maps.Equal(is, all) {
		return nil
	}
	return config.UpdateTags(ctx, u.client, aws.ToString(u.seen.root.VolumeId), is, all)
}

func isUnknownProfile(err error) bool {
	return err != nil && config.HasCode(err, "InvalidParameterValue") &&
		(strings.Contains(err.Error(), "Invalid IAM Instance Profile") ||
			strings.Contains(err.Error(), "has no associated IAM Roles"))
}

func (u instanceUpdate) instanceProfile(ctx context.Context) error {
	if same(u.is.IamInstanceProfile, u.want.IamInstanceProfile) {
		return nil
	}
	found, err := u.client.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []types.Filter{{Name: aws.String("instance-id"), Values: []string{u.id}}},
	})
	if err != nil {
		return err
	}
	name := aws.ToString(u.want.IamInstanceProfile)
	profile := &types.IamInstanceProfileSpecification{Name: aws.String(name)}
	var association *string
	if len(found.IamInstanceProfileAssociations) > 0 {
		association = found.IamInstanceProfileAssociations[0].AssociationId
	}
	var refused error
	err = config.Await(ctx, propagationLimit, "until EC2 knows the instance profile", func() (bool, error) {
		switch {
		case association != nil && name == "":
			_, refused = u.client.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{
				AssociationId: association,
			})
		case association != nil:
			_, refused = u.client.ReplaceIamInstanceProfileAssociation(ctx, &ec2.ReplaceIamInstanceProfileAssociationInput{
				AssociationId: association, IamInstanceProfile: profile,
			})
		case name != "":
			_, refused = u.client.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: aws.String(u.id), IamInstanceProfile: profile,
			})
		}
		if isUnknownProfile(refused) {
			return false, nil
		}
		return true, refused
	})
	if refused != nil {
		return refused
	}
	return err
}

func (u instanceUpdate) sourceDestCheck(ctx context.Context) error {
	want := u.want.SourceDestCheck == nil || *u.want.SourceDestCheck
	if *u.is.SourceDestCheck == want {
		return nil
	}
	return setSourceDestCheck(ctx, u.client, u.id, want)
}

func setSourceDestCheck(ctx context.Context, client *ec2.Client, id string, on bool) error {
	_, err := client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId: aws.String(id), SourceDestCheck: &types.AttributeBooleanValue{Value: aws.Bool(on)},
	})
	return err
}

func (u instanceUpdate) ipv6Addresses(ctx context.Context) error {
	has, want := len(u.is.Ipv6Addresses), aws.ToInt(u.want.Ipv6AddressCount)
	primary := u.seen.primary()
	if has == want || u.want.Ipv6AddressCount == nil {
		return nil
	}
	if primary == nil {
		return errors.New("ipv6AddressCount: it has no primary network interface")
	}
	if want > has {
		_, err := u.client.AssignIpv6Addresses(ctx, &ec2.AssignIpv6AddressesInput{
			NetworkInterfaceId: primary.NetworkInterfaceId, Ipv6AddressCount: aws.Int32(int32(want - has)),
		})
		return err
	}
	_, err := u.client.UnassignIpv6Addresses(ctx, &ec2.UnassignIpv6AddressesInput{
		NetworkInterfaceId: primary.NetworkInterfaceId, Ipv6Addresses: u.is.Ipv6Addresses[want:],
	})
	return err
}

func (u instanceUpdate) securityGroups(ctx context.Context) error {
	is := slices.Sorted(slices.Values(u.is.VpcSecurityGroupIds))
	want := slices.Sorted(slices.Values(u.want.VpcSecurityGroupIds))
	if slices.Equal(is, want) || len(want) == 0 {
		return nil
	}
	primary := u.seen.primary()
	if primary == nil {
		return errors.New("vpcSecurityGroupIds: it has no primary network interface")
	}
	_, err := u.client.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{
		NetworkInterfaceId: primary.NetworkInterfaceId, Groups: want,
	})
	return err
}

// typeAndUserData stops the machine once for both. It starts again even where AWS refuses the change.
func (u instanceUpdate) typeAndUserData(ctx context.Context) error {
	var changes []*ec2.ModifyInstanceAttributeInput
	if !same(u.is.InstanceType, u.want.InstanceType) {
		changes = append(changes, &ec2.ModifyInstanceAttributeInput{
			InstanceType: &types.AttributeValue{Value: u.want.InstanceType},
		})
	}
	if u.want.UserData != nil && string(rawUserData(*u.want.UserData)) != u.seen.userData {
		changes = append(changes, &ec2.ModifyInstanceAttributeInput{
			UserData: &types.SecureBlobAttributeValue{Value: rawUserData(*u.want.UserData)},
		})
	}
	if len(changes) == 0 {
		return nil
	}
	ids := []string{u.id}
	if _, err := u.client.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: ids}); err != nil {
		return err
	}
	if _, err := awaitState(ctx, u.client, u.id, updateLimit, types.InstanceStateNameStopped); err != nil {
		return err
	}
	var refused error
	for _, change := range changes {
		change.InstanceId = aws.String(u.id)
		if _, refused = u.client.ModifyInstanceAttribute(ctx, change); refused != nil {
			break
		}
	}
	_, err := u.client.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: ids})
	if err == nil {
		_, err = awaitState(ctx, u.client, u.id, updateLimit, types.InstanceStateNameRunning)
	}
	return errors.Join(refused, err)
}

func (u instanceUpdate) protection(ctx context.Context) error {
	if same(u.is.DisableApiTermination, u.want.DisableApiTermination) {
		return nil
	}
	_, err := u.client.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId:            aws.String(u.id),
		DisableApiTermination: &types.AttributeBooleanValue{Value: u.want.DisableApiTermination},
	})
	return err
}

func (u instanceUpdate) monitoring(ctx context.Context) (err error) {
	if u.want.Monitoring == nil || same(u.is.Monitoring, u.want.Monitoring) {
		return nil
	}
	if *u.want.Monitoring {
		_, err = u.client.MonitorInstances(ctx, &ec2.MonitorInstancesInput{InstanceIds: []string{u.id}})
	} else {
		_, err = u.client.UnmonitorInstances(ctx, &ec2.UnmonitorInstancesInput{InstanceIds: []string{u.id}})
	}
	return err
}
