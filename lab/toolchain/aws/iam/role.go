package iam

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// Role is what an instance may act as.
type Role struct{}

// RoleArgs are its inputs.
type RoleArgs struct {
	AssumeRolePolicy string            `pulumi:"assumeRolePolicy"`
	Description      *string           `pulumi:"description,optional"`
	Name             *string           `pulumi:"name,optional"`
	Path             *string           `pulumi:"path,optional"`
	Tags             map[string]string `pulumi:"tags,optional"`
}

// RoleState is what is known of it.
type RoleState struct {
	RoleArgs
	Arn        string            `pulumi:"arn"`
	CreateDate string            `pulumi:"createDate"`
	TagsAll    map[string]string `pulumi:"tagsAll"`
	UniqueId   string            `pulumi:"uniqueId"`
}

// Annotate gives it the official token.
func (r *Role) Annotate(a infer.Annotator) { a.SetToken("iam/role", "Role") }

// Check names it where the program does not, and takes the policy as an object too.
func (Role) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[RoleArgs], error) {
	if policy := r.NewInputs.Get("assumeRolePolicy"); policy.IsMap() && !policy.HasComputed() {
		text, err := json.Marshal(resource.ToResourcePropertyValue(policy.WithSecret(false)).Mappable())
		if err != nil {
			return infer.CheckResponse[RoleArgs]{}, err
		}
		r.NewInputs = r.NewInputs.Set("assumeRolePolicy", property.New(string(text)).WithSecret(policy.Secret()))
	}
	return plan.Check[RoleArgs](ctx, r, "name")
}

// Diff replaces it for what IAM cannot change.
func (Role) Diff(ctx context.Context, _ infer.DiffRequest[RoleArgs, RoleState]) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace: []string{"name", "path"}, Name: "name", Defaults: map[string]any{"path": "/"},
		Same: map[string]func(old, new string) bool{"assumeRolePolicy": sameJSON},
	}), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (Role) WireDependencies(f infer.FieldSelector, args *RoleArgs, state *RoleState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

// Create makes it.
func (Role) Create(ctx context.Context, r infer.CreateRequest[RoleArgs]) (infer.CreateResponse[RoleState], error) {
	state := RoleState{RoleArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[RoleState]{Output: state}, nil
	}
	client, err := config.IAM(ctx)
	if err != nil {
		return infer.CreateResponse[RoleState]{}, err
	}
	made, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		AssumeRolePolicyDocument: aws.String(state.AssumeRolePolicy), Description: state.Description, RoleName: state.Name,
		Path: state.Path, Tags: list(state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[RoleState]{}, failed("creating role", aws.ToString(state.Name), err)
	}
	made.Role.Tags = list(state.TagsAll)
	return infer.CreateResponse[RoleState]{ID: *state.Name, Output: state.refreshed(ctx, made.Role)}, nil
}

func (s RoleState) refreshed(ctx context.Context, role *types.Role) RoleState {
	s.Name, s.Path = role.RoleName, role.Path
	s.Arn, s.UniqueId = aws.ToString(role.Arn), aws.ToString(role.RoleId)
	if role.CreateDate != nil {
		s.CreateDate = role.CreateDate.Format(time.RFC3339)
	}
	if s.Description != nil || aws.ToString(role.Description) != "" {
		s.Description = aws.String(aws.ToString(role.Description))
	}
	policy, err := url.PathUnescape(aws.ToString(role.AssumeRolePolicyDocument))
	if err == nil && policy != "" && !sameJSON(policy, s.AssumeRolePolicy) {
		s.AssumeRolePolicy = policy
	}
	s.TagsAll = tagMap(role.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

// Read sees whether it is still there and what it is like.
func (Role) Read(
	ctx context.Context, r infer.ReadRequest[RoleArgs, RoleState],
) (infer.ReadResponse[RoleArgs, RoleState], error) {
	client, err := config.IAM(ctx)
	if err != nil {
		return infer.ReadResponse[RoleArgs, RoleState]{}, err
	}
	found, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(r.ID)})
	if isGone(err) {
		return infer.ReadResponse[RoleArgs, RoleState]{}, nil
	}
	if err != nil {
		return infer.ReadResponse[RoleArgs, RoleState]{}, failed("reading role", r.ID, err)
	}
	state := RoleState{RoleArgs: r.Inputs}.refreshed(ctx, found.Role)
	inputs := state.RoleArgs
	if r.Inputs.Path == nil {
		inputs.Path = nil
	}
	return infer.ReadResponse[RoleArgs, RoleState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Update changes its policy, its description and its tags.
func (Role) Update(
	ctx context.Context, r infer.UpdateRequest[RoleArgs, RoleState],
) (infer.UpdateResponse[RoleState], error) {
	state := r.State
	state.RoleArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	if state.Path == nil {
		state.Path = r.State.Path
	}
	if r.DryRun {
		return infer.UpdateResponse[RoleState]{Output: state}, nil
	}
	client, err := config.IAM(ctx)
	name := aws.String(r.ID)
	if err == nil && !sameJSON(state.AssumeRolePolicy, r.State.AssumeRolePolicy) {
		_, err = client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			PolicyDocument: aws.String(state.AssumeRolePolicy), RoleName: name,
		})
	}
	if err == nil && aws.ToString(state.Description) != aws.ToString(r.State.Description) {
		_, err = client.UpdateRole(ctx, &iam.UpdateRoleInput{
			Description: aws.String(aws.ToString(state.Description)), RoleName: name,
		})
	}
	if err == nil {
		err = retag(r.State.TagsAll, state.TagsAll,
			func(keys []string) error {
				_, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: keys})
				return err
			},
			func(tags []types.Tag) error {
				_, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tags})
				return err
			})
	}
	return infer.UpdateResponse[RoleState]{Output: state}, failed("updating role", r.ID, err)
}

// Delete takes it away.
func (Role) Delete(ctx context.Context, r infer.DeleteRequest[RoleState]) (infer.DeleteResponse, error) {
	client, err := config.IAM(ctx)
	if err == nil {
		_, err = client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(r.ID)})
	}
	if isGone(err) {
		err = nil
	}
	return infer.DeleteResponse{}, failed("deleting role", r.ID, err)
}
