// Each graph is built twice: as it is, and through the pass. Weights and inputs are small integers,
// so that sums are exact in any order and results have to be equal.
#include <algorithm>
#include <functional>
#include <random>
#include <string>

#include "core/interp/evaluate.h"
#include "core/ir/builder.h"
#include "core/passes/passes.h"
#include "tests/unit/core/passes/pass_test.h"

namespace smelt::passes {
namespace {

using ir::Dim;
using ir::OpKind;
using ir::Shape;
using ir::ValueId;
using Ints = std::vector<std::int64_t>;

class Net {
 public:
  Net() : graph_(module_.AddGraph("main")) {
    for (const char* name : {"reader", "shuffle"}) {
      ir::SourceNode node;
      node.index = static_cast<std::uint32_t>(origins_.size());
      node.name = name;
      node.op_type = "Any";
      node.opset = 13;
      origins_.push_back(module_.origins().Of(module_.origins().AddSource(node)));
    }
  }
  ir::Module& module() { return module_; }
  ir::Graph& graph() { return module_.graph(graph_); }
  ir::Builder& b() { return builder_; }

  Dim Symbol(const char* name) { return module_.symbols().Named(name, {"x", 0}); }
  ValueId Input(const Shape& shape) {
    return graph().AddInput({ir::DType::kF32, shape},
                            "x" + std::to_string(graph().inputs().size()));
  }
  Shape Image(Dim channels) { return {Symbol("N"), channels, 4, 3}; }
  std::int64_t Channels(ValueId x) { return b().type(x).shape.dim(1).value(); }

  ir::Constant Numbers(const Ints& shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(static_cast<float>(static_cast<int>(random_() % 5) - 2));
    }
    return ir::Constant::FromValues(ir::DType::kF32, shape, std::span<const float>(values));
  }
  ValueId Weights(const Ints& shape) { return b().Const(Numbers(shape), "w"); }
  static ir::Attributes Plain() { return {{"fused_activation_function", std::string("NONE")}}; }
  static ir::Attributes Window() {
    ir::Attributes attrs = Plain();
    attrs.Set("padding", std::string("SAME"));
    for (const char* one : {"stride_w", "stride_h", "dilation_w_factor", "dilation_h_factor"}) {
      attrs.Set(one, std::int64_t{1});
    }
    return attrs;
  }
  ValueId ToLast(ValueId x) { return b().Transpose(x, {0, 2, 3, 1}); }
  ValueId ToFirst(ValueId x) { return b().Transpose(x, {0, 3, 1, 2}); }

  // Of channels first, as importers say it.
  ValueId Conv(ValueId x, std::int64_t out, std::int64_t group = 1) {
    const ValueId weights = Weights({out, 1, 1, Channels(x) / group});
    return ToFirst(b().Emit(OpKind::kConv2d, {ToLast(x), weights, Weights({out})}, Window()));
  }
  ValueId Depthwise(ValueId x) {
    const std::int64_t channels = Channels(x);
    ir::Attributes attrs = Window();
    attrs.Set("depth_multiplier", std::int64_t{1});
    return ToFirst(b().Emit(OpKind::kDepthwiseConv2d,
                            {ToLast(x), Weights({1, 3, 3, channels}), Weights({channels})}, attrs));
  }
  ValueId Concat(std::span<const ValueId> parts, int axis = 1) {
    ir::Attributes attrs = Plain();
    attrs.Set("axis", std::int64_t{axis});
    b().set_origin(origins_[1]);
    const ValueId made = b().Emit(OpKind::kConcatenation, parts, attrs);
    b().set_origin(origins_[0]);
    return made;
  }
  ValueId Concat(ValueId a, ValueId c) { return Concat(std::vector{a, c}); }
  std::vector<ValueId> Halves(ValueId x) {
    b().set_origin(origins_[1]);
    auto parts = b().EmitMany(OpKind::kSplit, std::vector{b().ScalarI32(1), x},
                              {{"num_splits", std::int64_t{2}}});
    b().set_origin(origins_[0]);
    return parts;
  }
  ValueId Shuffle(ValueId x, std::int64_t groups = 2, int axis = 1) {
    const Shape shape = b().type(x).shape;
    ir::Dims dims = shape.dims();
    dims[static_cast<std::size_t>(axis)] = dims[static_cast<std::size_t>(axis)].value() / groups;
    dims.insert(dims.begin() + axis, Dim(groups));
    std::vector<int> order(dims.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    std::swap(order[static_cast<std::size_t>(axis)], order[static_cast<std::size_t>(axis) + 1]);
    b().set_origin(origins_[1]);
    const ValueId apart = b().Reshape(x, Shape(dims));
    const ValueId made = b().Reshape(b().Transpose(apart, order), shape);
    b().set_origin(origins_[0]);
    return made;
  }
  ValueId Gather(ValueId x, std::initializer_list<std::int32_t> indices) {
    b().set_origin(origins_[1]);
    const ValueId made = b().Emit(OpKind::kGather, {x, b().ConstI32(indices)},
                                  {{"axis", std::int64_t{1}}, {"batch_dims", std::int64_t{0}}});
    b().set_origin(origins_[0]);
    return made;
  }
  ValueId Relu(ValueId x) { return b().Unary(OpKind::kRelu, x); }
  ValueId Sums(ValueId x) {
    return b().Emit(OpKind::kSum, {x, b().ConstI32({2, 3})}, {{"keep_dims", false}});
  }
  // ShuffleNet's: one half goes on as it is, then both are shuffled.
  ValueId Unit(ValueId x) {
    const std::vector<ValueId> halves = Halves(x);
    const std::int64_t half = Channels(halves[1]);
    const ValueId inner = Depthwise(Relu(Conv(halves[1], half)));
    return Shuffle(Concat(halves[0], Relu(Conv(inner, half))));
  }

  void Return(std::initializer_list<ValueId> outputs) {
    EXPECT_TRUE(b().status().ok()) << b().status().ToString();
    graph().SetOutputs(std::vector<ValueId>(outputs));
    module_.signatures.clear();
  }

  std::size_t Count(OpKind kind) {
    std::size_t count = 0;
    for (const ir::OpId id : graph()) count += graph().op(id).kind == kind;
    return count;
  }
  // Every operator of the kind names this source.
  bool AllComeFrom(OpKind kind, ir::SourceId source) {
    return std::ranges::all_of(Ids(), [&](ir::OpId id) {
      const ir::Op& op = graph().op(id);
      return op.kind != kind || std::ranges::count(module_.origins().SourcesOf(op.origin), source);
    });
  }
  std::vector<std::vector<float>> Run() {
    std::mt19937 random(7);
    std::vector<interp::Tensor> inputs;
    for (const ValueId input : graph().inputs()) {
      Ints sizes;
      for (const Dim dim : graph().type(input).shape) {
        sizes.push_back(
            module_.symbols().Evaluate(dim, {{"N", 2}, {"H", 5}, {"W", 3}}).value_or(1));
      }
      interp::Tensor tensor = interp::Tensor::Zeros(ir::DType::kF32, sizes);
      for (float& value : tensor.mutable_values<float>()) {
        value = static_cast<float>(static_cast<int>(random() % 5) - 2);
      }
      inputs.push_back(std::move(tensor));
    }
    const auto outputs = interp::Evaluate(module_, graph_, inputs);
    EXPECT_TRUE(outputs.ok()) << outputs.status().ToString() << ir::Print(module_);
    std::vector<std::vector<float>> values;
    if (!outputs.ok()) return values;
    for (const interp::Tensor& output : *outputs) {
      const auto all = output.values<float>();
      values.emplace_back(all.begin(), all.end());
    }
    return values;
  }

 private:
  std::vector<ir::OpId> Ids() {
    std::vector<ir::OpId> ids;
    for (const ir::OpId id : graph()) ids.push_back(id);
    return ids;
  }
  ir::Module module_;
  ir::GraphId graph_;
  std::vector<ir::OriginId> origins_;
  ir::Builder builder_{module_, graph_, ir::OriginId{1}};
  std::mt19937 random_{1};
};

using Make = std::function<void(Net&)>;

// Runs the pass over the net and compares results; how many steps it removed.
std::uint64_t Route(const Make& make, Net& routed) {
  Net plain;
  make(plain);
  make(routed);
  ir::Diagnostics diagnostics;
  PassContext context{routed.module(), *target::AllProfiles().front(), diagnostics};
  const Status status = RouteChannels(context);
  EXPECT_TRUE(status.ok()) << status.ToString();
  ir::VerifyOptions options;
  options.require_origins = true;
  const Status verified = ir::VerifyModule(routed.module(), options);
  EXPECT_TRUE(verified.ok()) << verified.ToString() << ir::Print(routed.module());
  EXPECT_EQ(plain.Run(), routed.Run()) << ir::Print(routed.module());
  if (context.rewrites == 0) {
    EXPECT_TRUE(ir::Equal(plain.module(), routed.module()));
  }
  return context.rewrites;
}

std::uint64_t Route(const Make& make) {
  Net routed;
  return Route(make, routed);
}

// TRANSPOSEs that the whole pipeline leaves.
std::size_t TransposesLeft(const Make& make) {
  Net plain, net;
  make(plain);
  make(net);
  ir::Diagnostics diagnostics;
  std::vector<PassOutcome> outcomes;
  PipelineOptions options;
  options.check_ir = true;
  const Status status = RunPipeline(net.module(), *target::AllProfiles().front(), options,
                                    CancelToken(), diagnostics, outcomes);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_FALSE(ir::HasError(diagnostics));
  EXPECT_EQ(plain.Run(), net.Run()) << ir::Print(net.module());
  return net.Count(OpKind::kTranspose);
}

TEST(RouteChannels, UnitsOfShuffleNetReadWhatTheyNeed) {
  for (const std::int64_t half : {3, 4, 16}) {
    const Make make = [&](Net& net) {
      const ValueId x = net.Input(net.Image(3));
      ValueId y = net.Shuffle(net.Concat(net.Conv(x, half), net.Relu(net.Conv(x, half))));
      for (int unit = 0; unit < 6; ++unit) y = net.Unit(y);
      net.Return({net.Sums(net.Conv(y, 4))});
    };
    Net net;
    EXPECT_EQ(Route(make, net), 20U);
    EXPECT_EQ(net.Count(OpKind::kReshape) + net.Count(OpKind::kSplit), 0U);
    for (const ir::OpId id : net.graph()) {
      const ir::Op& op = net.graph().op(id);
      EXPECT_LE(op.kind == OpKind::kConcatenation ? op.operands.size() : 0, 5U);
    }
    EXPECT_TRUE(net.AllComeFrom(OpKind::kSlice, 1));
    EXPECT_TRUE(net.AllComeFrom(OpKind::kConcatenation, 1));
    EXPECT_EQ(TransposesLeft(make), 1U) << half;  // the image's
  }
}

TEST(RouteChannels, AStageThatFollowsReadsThroughADepthwiseConvolution) {
  const Make make = [](Net& net) {
    const ValueId x = net.Input(net.Image(3));
    ValueId y = net.Unit(net.Shuffle(net.Concat(net.Conv(x, 3), net.Conv(x, 3))));
    const ValueId left = net.Conv(net.Depthwise(y), 6);
    y = net.Unit(net.Shuffle(net.Concat(left, net.Depthwise(net.Conv(y, 6)))));
    net.Return({net.Sums(net.Conv(y, 2))});
  };
  EXPECT_GT(Route(make), 0U);
  EXPECT_EQ(TransposesLeft(make), 1U);
}

TEST(RouteChannels, WhatIsInBetweenHasItsConstantsTurned) {
  const Make make = [](Net& net) {
    const ValueId x = net.Input(net.Image(3));
    ir::Builder& b = net.b();
    ValueId y = net.Shuffle(net.Concat(net.Conv(x, 3), net.Conv(x, 3)));
    y = b.Mul(net.Weights({6, 1, 1}), b.Add(y, net.Weights({1, 6, 1, 1})));
    y = b.Emit(OpKind::kPrelu, {b.Sub(y, net.Weights({})), net.Weights({6, 1, 1})});
    net.graph().value(y).name = "named";
    y = net.ToLast(
        b.Emit(OpKind::kPad, {y, b.Reshape(b.ConstI32({0, 0, 0, 0, 1, 0, 0, 2}), {4, 2})}));
    ir::Attributes pool = net.Plain();
    for (const char* two : {"filter_height", "filter_width", "stride_h", "stride_w"}) {
      pool.Set(two, std::int64_t{2});
    }
    pool.Set("padding", std::string("VALID"));
    y = b.Emit(OpKind::kMaxPool2d, {y}, pool);
    y = b.Emit(OpKind::kSum, {y, b.ConstI32({1, 2})}, {{"keep_dims", false}});
    ir::Attributes dense = net.Plain();
    dense.Set("weights_format", std::string("DEFAULT"));
    dense.Set("keep_num_dims", false);
    net.Return({b.Emit(OpKind::kFullyConnected, {y, net.Weights({2, 6})}, dense)});
  };
  Net net;
  EXPECT_EQ(Route(make, net), 2U);
  for (std::uint32_t i = 0; i < net.graph().value_count(); ++i) {
    EXPECT_NE(net.graph().value(ValueId{i}).name, "named");  // it is in another order now
  }
}

TEST(RouteChannels, ProductsAreReadersOnTheAxisThatTheySumOver) {
  for (const bool turned : {false, true}) {
    for (const bool left : {false, true}) {
      for (const int axis : {1, 2}) {
        const bool sums = axis == (left != turned ? 2 : 1);
        const Make make = [&](Net& net) {
          ir::Builder& b = net.b();
          const ValueId x = net.Input({net.Symbol("N"), 6, 6});
          const ValueId y = net.Shuffle(x, 2, axis);
          const ValueId w = net.Weights({6, 6});
          net.Return(
              {b.Emit(OpKind::kBatchMatmul, {left ? y : w, left ? w : y},
                      {{"adj_x", left ? turned : false}, {"adj_y", left ? false : turned}})});
        };
        EXPECT_EQ(Route(make), sums ? 1U : 0U) << turned << left << axis;
      }
    }
  }
}

TEST(RouteChannels, AGatherOfAllChannelsIsAShuffle) {
  const Make make = [](Net& net) {
    const ValueId x = net.Input(net.Image(3));
    net.Return({net.Sums(net.Conv(net.Gather(net.Conv(x, 6), {4, 0, 3, 1, 5, 2}), 2))});
  };
  Net net;
  EXPECT_EQ(Route(make, net), 1U);
  EXPECT_EQ(net.Count(OpKind::kGather) + net.Count(OpKind::kSlice), 0U);
  EXPECT_EQ(TransposesLeft(make), 1U);
}

TEST(RouteChannels, ConvolutionsOverOneAxis) {
  const Make make = [](Net& net) {
    ir::Builder& b = net.b();
    const ValueId x = net.Input({net.Symbol("N"), 6, 5});
    const ValueId rows = b.Transpose(net.Shuffle(net.Relu(x), 3), {0, 2, 1});
    const ValueId image = b.Reshape(rows, {net.Symbol("N"), 1, 5, 6});
    const ValueId y =
        b.Emit(OpKind::kConv2d, {image, net.Weights({2, 1, 3, 6}), net.Weights({2})}, net.Window());
    net.Return({y});
  };
  EXPECT_EQ(Route(make), 1U);
}

TEST(RouteChannels, SymbolicSizesAreNoObstacle) {
  const Make make = [](Net& net) {
    const ValueId x = net.Input({net.Symbol("N"), 3, net.Symbol("H"), net.Symbol("W")});
    const ValueId y = net.Shuffle(net.Concat(net.Conv(x, 3), net.Conv(x, 3)));
    net.Return({net.Sums(net.Conv(net.Unit(y), 2))});
  };
  EXPECT_EQ(Route(make), 5U);
}

TEST(RouteChannels, AnyReaderThatNeedsTheOrderKeepsTheWholeNet) {
  const auto with = [](const std::function<ValueId(Net&, ValueId)>& reader) {
    return Route([&](Net& net) {
      const ValueId x = net.Input(net.Image(3));
      const ValueId y = net.Shuffle(net.Concat(net.Conv(x, 4), net.Conv(x, 4)));
      const ValueId z = net.Unit(y);
      const ValueId more = reader(net, z);
      net.Return({net.Sums(net.Conv(z, 2)), more});
    });
  };
  EXPECT_EQ(with([](Net&, ValueId z) { return z; }), 0U) << "a result of the graph";
  EXPECT_EQ(with([](Net& net, ValueId z) { return net.Relu(z); }), 0U) << "one behind RELU";
  EXPECT_EQ(with([](Net& net, ValueId z) { return net.b().Add(z, net.Relu(z)); }), 0U);
  EXPECT_EQ(with([](Net& net, ValueId z) {
              return net.b().Emit(OpKind::kSum, {z, net.b().ConstI32({1})}, {{"keep_dims", true}});
            }),
            0U)
      << "a sum over channels: exact here, but rounded in another order";
  EXPECT_EQ(
      with([](Net& net, ValueId z) {
        const ValueId w = net.Input({2, 1, 1, 8});
        return net.b().Emit(OpKind::kConv2d, {net.ToLast(z), w, net.Weights({2})}, net.Window());
      }),
      0U)
      << "computed weights";
  EXPECT_EQ(with([](Net& net, ValueId z) {
              return net.b().Mul(z, net.Input({net.Symbol("N"), 8, 1, 1}));
            }),
            0U)
      << "a computed factor";
  EXPECT_EQ(with([](Net& net, ValueId z) { return net.Conv(z, 2, /*group=*/2); }), 0U);
  EXPECT_GT(with([](Net& net, ValueId z) { return net.Sums(net.Conv(net.Relu(z), 3)); }), 0U);
}

TEST(RouteChannels, AReaderOfUnshuffledChannelsMayNeedTheirOrder) {
  const Make make = [](Net& net) {
    const ValueId x = net.Input(net.Image(3));
    const ValueId both = net.Concat(net.Conv(x, 3), net.Conv(x, 3));
    net.Return({net.Sums(net.Conv(net.Shuffle(both), 2)), net.Relu(both), both});
  };
  Net net;
  EXPECT_EQ(Route(make, net), 2U);
  EXPECT_EQ(net.Count(OpKind::kReshape), 0U);
  EXPECT_EQ(Route([](Net& other) {
              const ValueId x = other.Relu(other.Input(other.Image(3)));
              const ValueId both = other.Concat(x, x);
              const ValueId y = other.Conv(other.Shuffle(other.Concat(both, other.Relu(x)), 3), 2);
              other.Return({other.Sums(y), both});
            }),
            3U);
}

TEST(RouteChannels, WhatAlmostIsAShuffleIsNone) {
  const auto conv_of = [](const std::function<ValueId(Net&, ValueId)>& moved) {
    return Route([&](Net& net) {
      const ValueId x = net.Input(net.Image(4));
      net.Return({net.Sums(net.Conv(moved(net, net.Relu(x)), 2))});
    });
  };
  const auto turned = [](Net& net, ValueId x, const Shape& apart, std::vector<int> order,
                         const Shape& together) {
    return net.b().Reshape(net.b().Transpose(net.b().Reshape(x, apart), order), together);
  };
  EXPECT_EQ(conv_of([](Net& net, ValueId x) { return net.Shuffle(x); }), 1U);
  EXPECT_EQ(conv_of([&](Net& net, ValueId x) {
              return turned(net, x, {net.Symbol("N"), 2, 2, 12}, {0, 2, 1, 3}, net.Image(4));
            }),
            1U)
      << "rows and columns are one axis in between";
  EXPECT_EQ(conv_of([&](Net& net, ValueId x) {
              return turned(net, x, {net.Symbol("N"), 4, 2, 2, 3}, {0, 1, 3, 2, 4}, net.Image(4));
            }),
            0U)
      << "rows, not channels";
  EXPECT_EQ(conv_of([&](Net& net, ValueId x) {
              return turned(net, x, {net.Symbol("N"), 2, 2, 4, 3}, {0, 3, 1, 2, 4}, net.Image(4));
            }),
            0U)
      << "rows among channels";
  EXPECT_EQ(conv_of([](Net& net, ValueId x) {
              const std::vector<ValueId> halves = net.Halves(x);
              return net.Concat(halves[1], halves[0]);
            }),
            0U)
      << "no shuffle at all";
  EXPECT_EQ(conv_of([](Net& net, ValueId x) { return net.Gather(x, {0, 2, 3}); }), 0U);
}

TEST(RouteChannels, ManyPiecesAreNotWorthIt) {
  const auto repeated = [](int channels) {  // each channel four times
    return Route([&](Net& net) {
      const ValueId x = net.Relu(net.Input(net.Image(channels)));
      net.Return({net.Sums(net.Conv(net.Shuffle(net.Concat(std::vector{x, x, x, x}), 4), 2))});
    });
  };
  EXPECT_EQ(repeated(5), 2U);
  EXPECT_EQ(repeated(6), 0U);
}

TEST(RouteChannels, NothingIsCopiedThatWasNot) {
  // One half swapped with the other: two pieces and what joins them are more than one GATHER.
  const auto gathered = [](std::initializer_list<std::int32_t> indices) {
    return Route([&](Net& net) {
      const ValueId x = net.Relu(net.Input(net.Image(4)));
      net.Return({net.Relu(net.Gather(x, indices))});
    });
  };
  EXPECT_EQ(gathered({2, 3, 0, 1}), 0U);
  EXPECT_EQ(gathered({2, 0, 1}), 0U);
}

TEST(RouteChannels, QuantizedTensorsStay) {
  EXPECT_EQ(Route([](Net& net) {
              const ValueId x = net.Input(net.Image(4));
              const ValueId y = net.Relu(x);
              net.graph().value(y).quant = ir::QuantParams{{0.5F}, {0}, 0};
              net.Return({net.Sums(net.Conv(net.Shuffle(y), 2))});
            }),
            0U);
}

}  // namespace
}  // namespace smelt::passes
