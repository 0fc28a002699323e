package ec2

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// deleteGroupLimit is how long a group may still be in use, by a network interface that goes with its instance.
const deleteGroupLimit = 15 * time.Minute

// SecurityGroup is one without inline rules: these are resources of their own.
type SecurityGroup struct{}

// SecurityGroupArgs are its inputs.
type SecurityGroupArgs struct {
	Name                *string           `pulumi:"name,optional"`
	Description         *string           `pulumi:"description,optional"`
	VpcId               *string           `pulumi:"vpcId,optional"`
	RevokeRulesOnDelete *bool             `pulumi:"revokeRulesOnDelete,optional"`
	Tags                map[string]string `pulumi:"tags,optional"`
}

// Annotate gives the official default.
func (s *SecurityGroupArgs) Annotate(a infer.Annotator) {
	a.SetDefault(&s.Description, "Managed by Pulumi")
	a.SetDefault(&s.RevokeRulesOnDelete, false)
}

// SecurityGroupState is what is known of it.
type SecurityGroupState struct {
	SecurityGroupArgs
	Arn     string            `pulumi:"arn"`
	OwnerId string            `pulumi:"ownerId"`
	Region  string            `pulumi:"region"`
	TagsAll map[string]string `pulumi:"tagsAll"`
}

// Annotate gives it the official token.
func (g *SecurityGroup) Annotate(a infer.Annotator) { a.SetToken("ec2/securityGroup", "SecurityGroup") }

// Check names it where the program does not.
func (SecurityGroup) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[SecurityGroupArgs], error) {
	return plan.Check[SecurityGroupArgs](ctx, r, "name")
}

// Diff replaces it for what EC2 cannot change.
func (SecurityGroup) Diff(
	ctx context.Context, _ infer.DiffRequest[SecurityGroupArgs, SecurityGroupState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace: []string{"name", "description", "vpcId"}, Computed: []string{"vpcId"}, Name: "name",
	}), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (SecurityGroup) WireDependencies(f infer.FieldSelector, args *SecurityGroupArgs, state *SecurityGroupState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

// Create makes it without the rule by which AWS lets a new group's machines reach everything, as the official provider
// does: what may leave is for the program to say.
func (SecurityGroup) Create(
	ctx context.Context, r infer.CreateRequest[SecurityGroupArgs],
) (infer.CreateResponse[SecurityGroupState], error) {
	state := SecurityGroupState{SecurityGroupArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[SecurityGroupState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[SecurityGroupState]{}, err
	}
	made, err := client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: state.Name, Description: state.Description, VpcId: state.VpcId,
		TagSpecifications: config.TagSpecification(types.ResourceTypeSecurityGroup, state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[SecurityGroupState]{}, failed("creating security group", *state.Name, err)
	}
	id := aws.ToString(made.GroupId)
	group, err := findSecurityGroup(ctx, client, id)
	if err == nil && group == nil {
		err = errGone
	}
	if err == nil {
		state = state.refreshed(ctx, group)
		err = revoke(ctx, client, group, false)
	}
	if err != nil {
		return infer.CreateResponse[SecurityGroupState]{ID: id, Output: state}, partial("setting up security group", id, err)
	}
	return infer.CreateResponse[SecurityGroupState]{ID: id, Output: state}, nil
}

// revoke takes away what may leave and, where asked, what may enter.
func revoke(ctx context.Context, client *ec2.Client, group *types.SecurityGroup, ingressToo bool) error {
	if len(group.IpPermissionsEgress) > 0 {
		_, err := client.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{
			GroupId: group.GroupId, IpPermissions: group.IpPermissionsEgress,
		})
		if err != nil && !config.HasCode(err, "InvalidPermission.NotFound") {
			return err
		}
	}
	if ingressToo && len(group.IpPermissions) > 0 {
		_, err := client.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{
			GroupId: group.GroupId, IpPermissions: group.IpPermissions,
		})
		if err != nil && !config.HasCode(err, "InvalidPermission.NotFound") {
			return err
		}
	}
	return nil
}

// findSecurityGroup returns nil where there is none.
func findSecurityGroup(ctx context.Context, client *ec2.Client, id string) (*types.SecurityGroup, error) {
	found, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	if config.HasCode(err, "InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupID.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.SecurityGroups) == 0 {
		return nil, err
	}
	return &found.SecurityGroups[0], nil
}

func (s SecurityGroupState) refreshed(ctx context.Context, group *types.SecurityGroup) SecurityGroupState {
	s.Name, s.Description, s.VpcId = group.GroupName, group.Description, group.VpcId
	s.OwnerId, s.Region = aws.ToString(group.OwnerId), config.Region(ctx)
	s.Arn = config.ARN(ctx, s.OwnerId, "security-group/"+aws.ToString(group.GroupId))
	s.TagsAll = config.TagMap(group.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

// Read sees whether it is still there and what it is like.
func (SecurityGroup) Read(
	ctx context.Context, r infer.ReadRequest[SecurityGroupArgs, SecurityGroupState],
) (infer.ReadResponse[SecurityGroupArgs, SecurityGroupState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[SecurityGroupArgs, SecurityGroupState]{}, err
	}
	group, err := findSecurityGroup(ctx, client, r.ID)
	if err != nil || group == nil {
		return infer.ReadResponse[SecurityGroupArgs, SecurityGroupState]{}, failed("reading security group", r.ID, err)
	}
	state := SecurityGroupState{SecurityGroupArgs: r.Inputs}.refreshed(ctx, group)
	inputs := state.SecurityGroupArgs
	if r.Inputs.VpcId == nil {
		inputs.VpcId = nil
	}
	return infer.ReadResponse[SecurityGroupArgs, SecurityGroupState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Update changes the tags.
func (SecurityGroup) Update(
	ctx context.Context, r infer.UpdateRequest[SecurityGroupArgs, SecurityGroupState],
) (infer.UpdateResponse[SecurityGroupState], error) {
	state := r.State
	state.SecurityGroupArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	if state.VpcId == nil {
		state.VpcId = r.State.VpcId
	}
	if r.DryRun {
		return infer.UpdateResponse[SecurityGroupState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err == nil {
		err = config.UpdateTags(ctx, client, r.ID, r.State.TagsAll, state.TagsAll)
	}
	return infer.UpdateResponse[SecurityGroupState]{Output: state}, failed("updating security group", r.ID, err)
}

// Delete waits until nothing uses it any more.
func (SecurityGroup) Delete(
	ctx context.Context, r infer.DeleteRequest[SecurityGroupState],
) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	group, err := findSecurityGroup(ctx, client, r.ID)
	if err != nil || group == nil {
		return infer.DeleteResponse{}, failed("deleting security group", r.ID, err)
	}
	if aws.ToBool(r.State.RevokeRulesOnDelete) {
		if err := revoke(ctx, client, group, true); err != nil {
			return infer.DeleteResponse{}, failed("revoking the rules of security group", r.ID, err)
		}
	}
	var inUse error
	err = config.Await(ctx, deleteGroupLimit, "until nothing uses it", func() (bool, error) {
		_, inUse = client.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String(r.ID)})
		switch {
		case inUse == nil || config.HasCode(inUse, "InvalidGroup.NotFound", "InvalidGroupId.NotFound"):
			inUse = nil
			return true, nil
		case config.HasCode(inUse, "DependencyViolation", "InvalidGroup.InUse"):
			return false, nil
		}
		return false, inUse
	})
	if err != nil && inUse != nil {
		err = inUse
	}
	return infer.DeleteResponse{}, failed("deleting security group", r.ID, err)
}
