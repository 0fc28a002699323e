package ec2

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
	"github.com/terraform-providers/terraform-provider-docker/lab/aws/plan"
)

// KeyPair is a public key that new instances let in.
type KeyPair struct{}

// KeyPairArgs are its inputs.
type KeyPairArgs struct {
	KeyName   *string           `pulumi:"keyName,optional"`
	PublicKey string            `pulumi:"publicKey"`
	Tags      map[string]string `pulumi:"tags,optional"`
}

// KeyPairState is what is known of it.
type KeyPairState struct {
	KeyPairArgs
	Arn         string            `pulumi:"arn"`
	Fingerprint string            `pulumi:"fingerprint"`
	KeyPairId   string            `pulumi:"keyPairId"`
	KeyType     string            `pulumi:"keyType"`
	Region      string            `pulumi:"region"`
	TagsAll     map[string]string `pulumi:"tagsAll"`
}

// Annotate gives it the official token.
func (k *KeyPair) Annotate(a infer.Annotator) { a.SetToken("ec2/keyPair", "KeyPair") }

// Check names it where the program does not.
func (KeyPair) Check(ctx context.Context, r infer.CheckRequest) (infer.CheckResponse[KeyPairArgs], error) {
	return plan.Check[KeyPairArgs](ctx, r, "keyName")
}

// Diff replaces it for all but tags.
func (KeyPair) Diff(ctx context.Context, _ infer.DiffRequest[KeyPairArgs, KeyPairState]) (infer.DiffResponse, error) {
	return plan.Diff(ctx, plan.Rules{
		Replace: []string{"keyName", "publicKey"}, Same: map[string]func(old, new string) bool{"publicKey": sameText},
		Name: "keyName",
	}), nil
}

// WireDependencies keeps what an update cannot change known in its preview.
func (KeyPair) WireDependencies(f infer.FieldSelector, args *KeyPairArgs, state *KeyPairState) {
	f.OutputField(&state.TagsAll).DependsOn(f.InputField(&args.Tags).Computed())
}

// Create imports the key.
func (KeyPair) Create(
	ctx context.Context, r infer.CreateRequest[KeyPairArgs],
) (infer.CreateResponse[KeyPairState], error) {
	state := KeyPairState{KeyPairArgs: r.Inputs, TagsAll: config.AllTags(ctx, r.Inputs.Tags)}
	if r.DryRun {
		return infer.CreateResponse[KeyPairState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.CreateResponse[KeyPairState]{}, err
	}
	_, err = client.ImportKeyPair(ctx, &ec2.ImportKeyPairInput{
		KeyName: state.KeyName, PublicKeyMaterial: []byte(state.PublicKey),
		TagSpecifications: config.TagSpecification(types.ResourceTypeKeyPair, state.TagsAll),
	})
	if err != nil {
		return infer.CreateResponse[KeyPairState]{}, failed("importing key pair", *state.KeyName, err)
	}
	id := *state.KeyName
	pair, err := findKeyPair(ctx, client, id)
	if err == nil && pair == nil {
		err = errGone
	}
	if err != nil {
		return infer.CreateResponse[KeyPairState]{ID: id, Output: state}, partial("reading key pair", id, err)
	}
	return infer.CreateResponse[KeyPairState]{ID: id, Output: state.refreshed(ctx, pair)}, nil
}

// findKeyPair returns nil where there is none.
func findKeyPair(ctx context.Context, client *ec2.Client, name string) (*types.KeyPairInfo, error) {
	found, err := client.DescribeKeyPairs(ctx, &ec2.DescribeKeyPairsInput{
		KeyNames: []string{name}, IncludePublicKey: aws.Bool(true),
	})
	if config.HasCode(err, "InvalidKeyPair.NotFound") {
		return nil, nil
	}
	if err != nil || len(found.KeyPairs) == 0 {
		return nil, err
	}
	return &found.KeyPairs[0], nil
}

func (s KeyPairState) refreshed(ctx context.Context, pair *types.KeyPairInfo) KeyPairState {
	s.KeyName = pair.KeyName
	s.Fingerprint, s.KeyPairId = aws.ToString(pair.KeyFingerprint), aws.ToString(pair.KeyPairId)
	s.KeyType, s.Region = string(pair.KeyType), config.Region(ctx)
	s.Arn = config.ARN(ctx, "", "key-pair/"+aws.ToString(pair.KeyName))
	if key := aws.ToString(pair.PublicKey); key != "" && !sameKey(key, s.PublicKey) {
		s.PublicKey = key
	}
	s.TagsAll = config.TagMap(pair.Tags)
	s.Tags = config.OwnTags(ctx, s.Tags, s.TagsAll)
	return s
}

func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// Read sees whether it is still there and what it is like.
func (KeyPair) Read(
	ctx context.Context, r infer.ReadRequest[KeyPairArgs, KeyPairState],
) (infer.ReadResponse[KeyPairArgs, KeyPairState], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.ReadResponse[KeyPairArgs, KeyPairState]{}, err
	}
	pair, err := findKeyPair(ctx, client, r.ID)
	if err != nil || pair == nil {
		return infer.ReadResponse[KeyPairArgs, KeyPairState]{}, failed("reading key pair", r.ID, err)
	}
	state := KeyPairState{KeyPairArgs: r.Inputs}.refreshed(ctx, pair)
	return infer.ReadResponse[KeyPairArgs, KeyPairState]{ID: r.ID, Inputs: state.KeyPairArgs, State: state}, nil
}

// Update changes the tags.
func (KeyPair) Update(
	ctx context.Context, r infer.UpdateRequest[KeyPairArgs, KeyPairState],
) (infer.UpdateResponse[KeyPairState], error) {
	state := r.State
	state.KeyPairArgs, state.TagsAll = r.Inputs, config.AllTags(ctx, r.Inputs.Tags)
	if r.DryRun {
		return infer.UpdateResponse[KeyPairState]{Output: state}, nil
	}
	client, err := config.EC2(ctx)
	if err == nil {
		err = config.UpdateTags(ctx, client, state.KeyPairId, r.State.TagsAll, state.TagsAll)
	}
	return infer.UpdateResponse[KeyPairState]{Output: state}, failed("updating key pair", r.ID, err)
}

// Delete takes it away. Instances that run keep the key.
func (KeyPair) Delete(ctx context.Context, r infer.DeleteRequest[KeyPairState]) (infer.DeleteResponse, error) {
	client, err := config.EC2(ctx)
	if err == nil {
		_, err = client.DeleteKeyPair(ctx, &ec2.DeleteKeyPairInput{KeyName: aws.String(r.ID)})
	}
	if config.HasCode(err, "InvalidKeyPair.NotFound") {
		err = nil
	}
	return infer.DeleteResponse{}, failed("deleting key pair", r.ID, err)
}
