package vpc

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

func failed(action, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s security group rule (%s): %w", action, id, err)
}

type authorize func(context.Context, *ec2.Client, RuleArgs, []types.TagSpecification) ([]types.SecurityGroupRule, error)

func create(
	ctx context.Context, r infer.CreateRequest[RuleArgs], authorize authorize,
) (infer.CreateResponse[RuleState], error) {
	state := RuleState{RuleArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[RuleState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[RuleState]{}, err
	}
	tags := config.TagSpecification(types.ResourceTypeSecurityGroupRule, state.TagsAll)
	made, err := authorize(ctx, client, r.Inputs, tags)
	if err == nil && len(made) == 0 {
		err = errors.New("EC2 did not name the new rule")
	}
	if err != nil {
		return infer.CreateResponse[RuleState]{}, failed("creating", r.Name, err)
	}
	id := aws.ToString(made[0].SecurityGroupRuleId)
	rule, err := find(ctx, client, id)
	if err != nil || rule == nil {
		rule = &made[0]
	}
	return infer.CreateResponse[RuleState]{ID: id, Output: state.refreshed(ctx, rule)}, nil
}

func read(
	ctx context.Context, r infer.ReadRequest[RuleArgs, RuleState], egress bool,
) (infer.ReadResponse[RuleArgs, RuleState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[RuleArgs, RuleState]{}, err
	}
	rule, err := find(ctx, client, r.ID)
	if err != nil || rule == nil || aws.ToBool(rule.IsEgress) != egress {
		return infer.ReadResponse[RuleArgs, RuleState]{}, failed("reading", r.ID, err)
	}
	state := RuleState{RuleArgs: r.Inputs}.refreshed(ctx, rule)
	return infer.ReadResponse[RuleArgs, RuleState]{ID: r.ID, Inputs: state.RuleArgs, State: state}, nil
}

// update changes the rule in place, as the official provider does: its id stays.
func update(
	ctx context.Context, r infer.UpdateRequest[RuleArgs, RuleState],
) (infer.UpdateResponse[RuleState], error) {
	state := r.State
	state.RuleArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	if r.DryRun {
		return infer.UpdateResponse[RuleState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.UpdateResponse[RuleState]{}, err
	}
	if a := r.Inputs; !a.sameRule(r.State.RuleArgs) {
		err = modify(ctx, client, r.ID, a)
	}
	if err == nil {
		err = config.UpdateTags(ctx, client, r.ID, r.State.TagsAll, state.TagsAll)
	}
	return infer.UpdateResponse[RuleState]{Output: state}, failed("updating", r.ID, err)
}

func modify(ctx context.Context, client *ec2.Client, id string, a RuleArgs) error {
	_, err := client.ModifySecurityGroupRules(ctx, &ec2.ModifySecurityGroupRulesInput{
		GroupId: aws.String(a.SecurityGroupId),
		SecurityGroupRules: []types.SecurityGroupRuleUpdate{{
			SecurityGroupRuleId: aws.String(id),
			SecurityGroupRule: &types.SecurityGroupRuleRequest{
				CidrIpv4: a.CidrIpv4, CidrIpv6: a.CidrIpv6, PrefixListId: a.PrefixListId,
				ReferencedGroupId: a.ReferencedSecurityGroupId, Description: a.Description,
				FromPort: number(a.FromPort), ToPort: number(a.ToPort), IpProtocol: aws.String(a.IpProtocol),
			},
		}},
	})
	return err
}

// sameRule leaves the tags out: they are changed by themselves.
func (a RuleArgs) sameRule(b RuleArgs) bool {
	a.Tags, b.Tags = nil, nil
	return reflect.DeepEqual(a, b)
}

func remove(r infer.DeleteRequest[RuleState], err error) (infer.DeleteResponse, error) {
	if config.HasCode(err, "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound") {
		err = nil
	}
	return infer.DeleteResponse{}, failed("deleting", r.ID, err)
}
