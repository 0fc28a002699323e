package ec2

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

var (
	errNoAmi   = errors.New("your query returned no results. Please change your search criteria and try again")
	errManyAmi = errors.New("your query returned more than one result. Please try a more specific search criteria, " +
		"or set `most_recent` attribute to true")
)

// GetAmi finds one image.
type GetAmi struct{}

// GetAmiArgs say which.
type GetAmiArgs struct {
	ExecutableUsers   []string          `pulumi:"executableUsers,optional"`
	Filters           []Filter          `pulumi:"filters,optional"`
	IncludeDeprecated *bool             `pulumi:"includeDeprecated,optional"`
	MostRecent        *bool             `pulumi:"mostRecent,optional"`
	NameRegex         *string           `pulumi:"nameRegex,optional"`
	Owners            []string          `pulumi:"owners,optional"`
	Tags              map[string]string `pulumi:"tags,optional"`
}

// GetAmiResult is the image.
type GetAmiResult struct {
	GetAmiArgs
	ID                 string `pulumi:"functionId"`
	Architecture       string `pulumi:"architecture"`
	Arn                string `pulumi:"arn"`
	CreationDate       string `pulumi:"creationDate"`
	DeprecationTime    string `pulumi:"deprecationTime"`
	Description        string `pulumi:"description"`
	Hypervisor         string `pulumi:"hypervisor"`
	ImageId            string `pulumi:"imageId"`
	Name               string `pulumi:"name"`
	OwnerId            string `pulumi:"ownerId"`
	Platform           string `pulumi:"platform"`
	Region             string `pulumi:"region"`
	RootDeviceName     string `pulumi:"rootDeviceName"`
	RootDeviceType     string `pulumi:"rootDeviceType"`
	State              string `pulumi:"state"`
	VirtualizationType string `pulumi:"virtualizationType"`
}

// Annotate gives it the official token.
func (f *GetAmi) Annotate(a infer.Annotator) { a.SetToken("ec2/getAmi", "getAmi") }

// Invoke asks for the images and takes the one, or the newest.
func (GetAmi) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetAmiArgs],
) (infer.FunctionResponse[GetAmiResult], error) {
	args := r.Input
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetAmiResult]{}, err
	}
	var images []types.Image
	pages := ec2.NewDescribeImagesPaginator(client, &ec2.DescribeImagesInput{
		ExecutableUsers: args.ExecutableUsers, Filters: filters(args.Filters, args.Tags, nil),
		IncludeDeprecated: args.IncludeDeprecated, Owners: args.Owners,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return infer.FunctionResponse[GetAmiResult]{}, failed("reading images", "getAmi", err)
		}
		images = append(images, page.Images...)
	}
	image, err := args.choose(images)
	if err != nil {
		return infer.FunctionResponse[GetAmiResult]{}, err
	}
	id := aws.ToString(image.ImageId)
	result := GetAmiResult{
		GetAmiArgs: args, ID: id, ImageId: id, Architecture: string(image.Architecture),
		CreationDate: aws.ToString(image.CreationDate), DeprecationTime: aws.ToString(image.DeprecationTime),
		Description: aws.ToString(image.Description), Hypervisor: string(image.Hypervisor),
		Name: aws.ToString(image.Name), OwnerId: aws.ToString(image.OwnerId), Platform: string(image.Platform),
		Region: config.Region(ctx), RootDeviceName: aws.ToString(image.RootDeviceName),
		RootDeviceType: string(image.RootDeviceType), State: string(image.State),
		VirtualizationType: string(image.VirtualizationType), Arn: config.ARN(ctx, "", "image/"+id),
	}
	result.Tags = config.TagMap(image.Tags)
	return infer.FunctionResponse[GetAmiResult]{Output: result}, nil
}

func (a GetAmiArgs) choose(images []types.Image) (types.Image, error) {
	if a.NameRegex != nil {
		name, err := regexp.Compile(*a.NameRegex)
		if err != nil {
			return types.Image{}, err
		}
		images = slices.DeleteFunc(images, func(i types.Image) bool { return !name.MatchString(aws.ToString(i.Name)) })
	}
	if len(images) == 0 {
		return types.Image{}, errNoAmi
	}
	if len(images) > 1 && !aws.ToBool(a.MostRecent) {
		return types.Image{}, errManyAmi
	}
	return slices.MaxFunc(images, func(a, b types.Image) int {
		return cmp.Compare(aws.ToString(a.CreationDate), aws.ToString(b.CreationDate))
	}), nil
}
