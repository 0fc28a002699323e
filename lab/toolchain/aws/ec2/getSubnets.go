package ec2

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/pulumi/pulumi-go-provider/infer"

	"github.com/terraform-providers/terraform-provider-docker/lab/aws/config"
)

// GetSubnets finds subnets.
type GetSubnets struct{}

// GetSubnetsArgs say which.
type GetSubnetsArgs struct {
	Filters []Filter          `pulumi:"filters,optional"`
	Tags    map[string]string `pulumi:"tags,optional"`
}

// GetSubnetsResult are their ids.
type GetSubnetsResult struct {
	ID      string            `pulumi:"functionId"`
	Filters []Filter          `pulumi:"filters,optional"`
	Ids     []string          `pulumi:"ids"`
	Region  string            `pulumi:"region"`
	Tags    map[string]string `pulumi:"tags"`
}

// Annotate gives it the official token.
func (f *GetSubnets) Annotate(a infer.Annotator) { a.SetToken("ec2/getSubnets", "getSubnets") }

// Invoke sorts them, so that the first is the same one each time.
func (GetSubnets) Invoke(
	ctx context.Context, r infer.FunctionRequest[GetSubnetsArgs],
) (infer.FunctionResponse[GetSubnetsResult], error) {
	client, err := config.EC2(ctx)
	if err != nil {
		return infer.FunctionResponse[GetSubnetsResult]{}, err
	}
	result := GetSubnetsResult{
		ID: config.Region(ctx), Region: config.Region(ctx), Filters: r.Input.Filters, Ids: []string{}, Tags: r.Input.Tags,
	}
	pages := ec2.NewDescribeSubnetsPaginator(client, &ec2.DescribeSubnetsInput{
		Filters: filters(r.Input.Filters, r.Input.Tags, nil),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return infer.FunctionResponse[GetSubnetsResult]{}, failed("reading subnets", "getSubnets", err)
		}
		for _, subnet := range page.Subnets {
			result.Ids = append(result.Ids, aws.ToString(subnet.SubnetId))
		}
	}
	slices.Sort(result.Ids)
	return infer.FunctionResponse[GetSubnetsResult]{Output: result}, nil
}
