package iam

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// propagationLimit is how long IAM may take to tell its own parts of a new role.
const propagationLimit = 2 * time.Minute

// InstanceProfile gives a role to instances.
type InstanceProfile struct{}

// InstanceProfileArgs are its inputs.
type InstanceProfileArgs struct {
	Name *string           `pulumi:"name,optional"`
	Path *string           `pulumi:"path,optional"`
	Role *string           `pulumi:"role,optional"`
	Tags map[string]string `pulumi:"tags,optional"`
}

// InstanceProfileState is what is known of it.
type InstanceProfileState struct {
	InstanceProfileArgs
	Arn        string            `pulumi:"arn"`
	CreateDate string            `pulumi:"createDate"`
	TagsAll    map[string]string `pulumi:"tagsAll"`
	UniqueId   string            `pulumi:"uniqueId"`
}

// Annotate gives it the official token.
func (i *InstanceProfile) Annotate(a infer.Annotator) {
	a.SetToken("iam/instanceProfile", "InstanceProfile")
}

// Check names it where the program does not.
func (InstanceProfile) Check(
	ctx context.Context, r infer.CheckRequest,
) (infer.CheckResponse[InstanceProfileArgs], error) {
	return plan.Check[InstanceProfileArgs](ctx, r, "name")
}

// Diff replaces it for what IAM cannot change.
func (InstanceProfile) Diff(
	ctx context.Context, _ infer.DiffRequest[InstanceProfileArgs, InstanceProfileState],
) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace: []string{"name", "path"}, Name: "name", Defaults: map[string]any{"path": "/"},
	}), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (InstanceProfile) WireDependencies(
	f infer.FieldSelector, args *InstanceProfileArgs, state *InstanceProfileState,
) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

// Create makes it and puts the role into it.
func (InstanceProfile) Create(
	ctx context.Context, r infer.CreateRequest[InstanceProfileArgs],
) (infer.CreateResponse[InstanceProfileState], error) {
	state := InstanceProfileState{InstanceProfileArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[InstanceProfileState]{Output: state}, nil
	}
	client, err := config.IAM(ctx)
	if err != nil {
		return infer.CreateResponse[InstanceProfileState]{}, err
	}
	made, err := client.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{
		InstanceProfileName: state.Name, Path: state.Path, Tags: list(state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[InstanceProfileState]{}, failed("creating instance profile", *state.Name, err)
	}
	id := *state.Name
	state = state.described(made.InstanceProfile)
	if state.Role != nil {
		if err := addRole(ctx, client, id, *state.Role); err != nil {
			return infer.CreateResponse[InstanceProfileState]{ID: id, Output: state}, infer.ResourceInitFailedError{
				Reasons: []string{failed("adding role to instance profile", id, err).Error()},
			}
		}
	}
	return infer.CreateResponse[InstanceProfileState]{ID: id, Output: state}, nil
}

// addRole waits until IAM knows the new role everywhere.
func addRole(ctx context.Context, client *iam.Client, profile, role string) (err error) {
	var refused error
	err = config.Await(ctx, propagationLimit, "until IAM knows the role", func() (bool, error) {
		_, refused = client.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{
			InstanceProfileName: aws.String(profile), RoleName: aws.String(role),
		})
		if isGone(refused) {
			return false, nil
		}
		return true, refused
	})
	if refused != nil {
		return refused
	}
	return err
}

func removeRole(ctx context.Context, client *iam.Client, profile, role string) error {
	_, err := client.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{
		InstanceProfileName: aws.String(profile), RoleName: aws.String(role),
	})
	if isGone(err) {
		return nil
	}
	return err
}

func (s InstanceProfileState) described(profile *types.InstanceProfile) InstanceProfileState {
	s.Name, s.Path = profile.InstanceProfileName, profile.Path
	s.Arn, s.UniqueId = aws.ToString(profile.Arn), aws.ToString(profile.InstanceProfileId)
	if profile.CreateDate != nil {
		s.CreateDate = profile.CreateDate.Format(time.RFC3339)
	}
	return s
}

// Read sees whether it is still there and what it is like.
func (InstanceProfile) Read(
	ctx context.Context, r infer.ReadRequest[InstanceProfileArgs, InstanceProfileState],
) (infer.ReadResponse[InstanceProfileArgs, InstanceProfileState], error) {
	client, err := config.IAM(ctx)
	if err != nil {
		return infer.ReadResponse[InstanceProfileArgs, InstanceProfileState]{}, err
	}
	found, err := client.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String(r.ID)})
	if isGone(err) {
		return infer.ReadResponse[InstanceProfileArgs, InstanceProfileState]{}, nil
	}
	if err != nil {
		return infer.ReadResponse[InstanceProfileArgs, InstanceProfileState]{}, failed("reading instance profile", r.ID, err)
	}
	state := InstanceProfileState{InstanceProfileArgs: r.Inputs}.described(found.InstanceProfile)
	state.Role = nil
	if roles := found.InstanceProfile.Roles; len(roles) > 0 {
		state.Role = roles[0].RoleName
	}
	state.TagsAll = tagMap(found.InstanceProfile.Tags)
	state.Tags = config.OwnTags(ctx, r.Inputs.Tags, state.TagsAll)
	inputs := state.InstanceProfileArgs
	if r.Inputs.Path == nil {
		inputs.Path = nil
	}
	return infer.ReadResponse[InstanceProfileArgs, InstanceProfileState]{ID: r.ID, Inputs: inputs, State: state}, nil
}

// Update changes its role and its tags.
func (InstanceProfile) Update(
	ctx context.Context, r infer.UpdateRequest[InstanceProfileArgs, InstanceProfileState],
) (infer.UpdateResponse[InstanceProfileState], error) {
	state := r.State
	state.InstanceProfileArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	if state.Path == nil {
		state.Path = r.State.Path
	}
	if r.DryRun {
		return infer.UpdateResponse[InstanceProfileState]{Output: state}, nil
	}
	client, err := config.IAM(ctx)
	old, new, name := aws.ToString(r.State.Role), aws.ToString(state.Role), aws.String(r.ID)
	if err == nil && old != new && old != "" {
		err = removeRole(ctx, client, r.ID, old)
	}
	if err == nil && old != new && new != "" {
		err = addRole(ctx, client, r.ID, new)
	}
	if err == nil {
		err = retag(r.State.TagsAll, state.TagsAll,
			func(keys []string) error {
				_, err := client.UntagInstanceProfile(ctx, &iam.UntagInstanceProfileInput{InstanceProfileName: name, TagKeys: keys})
				return err
			},
			func(tags []types.Tag) error {
				_, err := client.TagInstanceProfile(ctx, &iam.TagInstanceProfileInput{InstanceProfileName: name, Tags: tags})
				return err
			})
	}
	return infer.UpdateResponse[InstanceProfileState]{Output: state}, failed("updating instance profile", r.ID, err)
}

// Delete takes the role out first, which IAM wants: the one that is in it now.
func (InstanceProfile) Delete(
	ctx context.Context, r infer.DeleteRequest[InstanceProfileState],
) (infer.DeleteResponse, error) {
	client, err := config.IAM(ctx)
	if err != nil {
		return infer.DeleteResponse{}, err
	}
	found, err := client.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String(r.ID)})
	if err == nil && len(found.InstanceProfile.Roles) > 0 {
		err = removeRole(ctx, client, r.ID, aws.ToString(found.InstanceProfile.Roles[0].RoleName))
	}
	if err == nil {
		_, err = client.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: aws.String(r.ID)})
	}
	if isGone(err) {
		err = nil
	}
	return infer.DeleteResponse{}, failed("deleting instance profile", r.ID, err)
}
