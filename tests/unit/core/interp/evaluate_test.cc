#include "core/interp/evaluate.h"

#include <algorithm>

#include "core/interp/kernel.h"
#include "core/ir/op_table.h"
#include "tests/unit/core/interp/apply_op.h"

namespace smelt::interp::testing {
namespace {

using ir::Constant;
using ir::Graph;
using ir::GraphId;
using ir::Module;
using ir::Shape;
using ir::TensorType;
using ir::ValueId;

TensorType F32Type(Shape shape) { return {DType::kF32, std::move(shape)}; }

// One operator with one result.
ValueId Emit(Graph& graph, OpKind kind, std::vector<ValueId> operands, TensorType type,
             Attributes attrs = {}, std::vector<GraphId> regions = {}) {
  const TensorType types[] = {std::move(type)};
  const ir::OpId id = graph.Insert(kind, operands, std::move(attrs), types, ir::kNoOrigin);
  graph.op(id).regions = std::move(regions);
  return graph.op(id).result();
}

ValueId ConstF32(Graph& graph, std::vector<std::int64_t> shape, std::vector<float> values) {
  return graph.AddConstant(
      Constant::FromValues<float>(DType::kF32, std::move(shape), std::span<const float>(values)));
}

void SetOutputs(Graph& graph, std::vector<ValueId> outputs) { graph.SetOutputs(outputs); }

std::vector<Tensor> RunMain(const Module& module, const std::vector<Tensor>& inputs,
                            const EvaluateOptions& options = {}) {
  auto results = Evaluate(module, module.main_id(), inputs, options);
  EXPECT_TRUE(results.ok()) << results.status().ToString();
  return results.ok() ? std::move(results).value() : std::vector<Tensor>();
}

// y = relu(x + constant) of a shape with a symbolic first size.
Module AddThenRelu() {
  Module module;
  Graph& graph = module.graph(module.AddGraph("main"));
  const ir::Dim n = module.symbols().Named("N", {"x", 0});
  const ValueId x = graph.AddInput(F32Type({n, 2}), "x");
  const ValueId c = ConstF32(graph, {2}, {1, -10});
  const ValueId sum = Emit(graph, OpKind::kAdd, {x, c}, F32Type({n, 2}));
  SetOutputs(graph, {Emit(graph, OpKind::kRelu, {sum}, F32Type({n, 2})), sum});
  return module;
}

// y = reshape(x), both of one scale, then of two.
TEST(Evaluate, MovesQuantizedElementsBetweenTensorsOfOneScale) {
  for (const float scale : {0.5F, 0.25F}) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const ValueId x = graph.AddInput({DType::kI8, {2}}, "x");
    const std::vector<std::int32_t> sizes = {2, 1};
    const ValueId y =
        Emit(graph, OpKind::kReshape, {x, graph.SharedInts(sizes)}, {DType::kI8, {2, 1}});
    graph.value(x).quant = ir::QuantParams{{0.5F}, {3}, 0};
    graph.value(y).quant = ir::QuantParams{{scale}, {3}, 0};
    SetOutputs(graph, {y});
    const std::vector<Tensor> inputs = {I8({2}, {1, -1})};
    const auto results = Evaluate(module, module.main_id(), inputs, {});
    ASSERT_EQ(results.ok(), scale == 0.5F) << results.status().ToString();
    if (!results.ok()) continue;
    EXPECT_THAT(ValuesOf<std::int8_t>((*results)[0]), ElementsAre(1, -1));
    EXPECT_EQ((*results)[0].quant()->zero_point, std::vector<std::int64_t>{3});
  }
  TEST(Evaluate, ShowsEachResultInProgramOrder) {
    const Module module = AddThenRelu();
    std::vector<ValueId> seen;
    std::vector<float> last;
    EvaluateOptions options;
    options.observe = [&](GraphId graph, ValueId value, const Tensor& tensor) {
      EXPECT_EQ(graph, module.main_id());
      seen.push_back(value);
      last.assign(tensor.values<float>().begin(), tensor.values<float>().end());
    };
    const std::vector<Tensor> y = RunMain(module, {Ramp({1, 2})}, options);
    // The sum comes before what is made of it.
    EXPECT_EQ(seen, (std::vector<ValueId>{module.main().outputs()[1], module.main().outputs()[0]}));
    EXPECT_EQ(last, std::vector<float>(y[0].values<float>().begin(), y[0].values<float>().end()));
  }

  TEST(Evaluate, ShowsEachResultInProgramOrder) {
    const Module module = AddThenRelu();
    std::vector<ValueId> seen;
    std::vector<float> last;
    EvaluateOptions options;
    options.observe = [&](GraphId graph, ValueId value, const Tensor& tensor) {
      EXPECT_EQ(graph, module.main_id());
      seen.push_back(value);
      last.assign(tensor.values<float>().begin(), tensor.values<float>().end());
    };
    const std::vector<Tensor> y = RunMain(module, {Ramp({1, 2})}, options);
    // The sum comes before what is made of it.
    EXPECT_EQ(seen, (std::vector<ValueId>{module.main().outputs()[1], module.main().outputs()[0]}));
    EXPECT_EQ(last, std::vector<float>(y[0].values<float>().begin(), y[0].values<float>().end()));
  }

  TEST(Evaluate, RunsAGraphWithASymbolicSize) {
    const Module module = AddThenRelu();
    for (const std::int64_t n : {0, 1, 3}) {
      const std::vector<Tensor> y = RunMain(module, {Ramp({n, 2})});
      ASSERT_EQ(y.size(), 2u);
      EXPECT_EQ(y[0].shape(), (Sizes{n, 2}));
    }
    EXPECT_THAT(Floats(RunMain(module, {F32({1, 2}, {4, 5})})[0]), ElementsAre(5, 0));
  }

  TEST(Evaluate, RefusesInputsThatDoNotFit) {
    const Module module = AddThenRelu();
    const auto why = [&](const std::vector<Tensor>& inputs) {
      return Evaluate(module, module.main_id(), inputs).status().reason();
    };
    EXPECT_EQ(why({}), Reason::kInvalidArgument);
    EXPECT_EQ(why({Ramp({1, 3})}), Reason::kInvalidArgument);
    EXPECT_EQ(why({Ramp({2})}), Reason::kInvalidArgument);
    EXPECT_EQ(why({I32({1, 2}, {1, 2})}), Reason::kInvalidArgument);
  }

  TEST(Evaluate, AResultThatContradictsItsTypeIsAnError) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const ValueId x = graph.AddInput(F32Type({2}), "x");
    SetOutputs(graph, {Emit(graph, OpKind::kAbs, {x}, F32Type({3}))});
    const auto result = Evaluate(module, module.main_id(), std::vector<Tensor>{Ramp({2})});
    EXPECT_EQ(result.status().reason(), Reason::kShapeMismatch);
    EXPECT_THAT(result.status().ToString(), ::testing::HasSubstr("ABS"));
  }

  TEST(Evaluate, InputsConstantsAndDuplicatesMayBeOutputs) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    const ValueId c = ConstF32(graph, {1}, {7});
    SetOutputs(graph, {x, c, x});
    const std::vector<Tensor> y = RunMain(module, {F32({1}, {3})});
    ASSERT_EQ(y.size(), 3u);
    EXPECT_THAT(Floats(y[0]), ElementsAre(3));
    EXPECT_THAT(Floats(y[1]), ElementsAre(7));
    EXPECT_THAT(Floats(y[2]), ElementsAre(3));
  }

  TEST(Evaluate, StopsWhenCancelled) {
    const Module module = AddThenRelu();
    CancelToken cancel;
    cancel.Cancel();
    EvaluateOptions options;
    options.cancel = &cancel;
    const auto result =
        Evaluate(module, module.main_id(), std::vector<Tensor>{Ramp({1, 2})}, options);
    EXPECT_EQ(result.status().reason(), Reason::kCancelled);
  }

  // A chain of `length` absolute values of 1000 floats: two tensors live at a time.
  Module Chain(int length) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    ValueId x = graph.AddInput(F32Type({1000}), "x");
    for (int i = 0; i < length; ++i) x = Emit(graph, OpKind::kAbs, {x}, F32Type({1000}));
    SetOutputs(graph, {x});
    return module;
  }

  TEST(Evaluate, FreesTensorsAfterTheirLastUse) {
    const Module module = Chain(20);
    EvaluateOptions options;
    options.max_bytes = 8000;
    EXPECT_EQ(RunMain(module, {Ramp({1000})}, options).size(), 1u);
    options.max_bytes = 7999;
    const auto result =
        Evaluate(module, module.main_id(), std::vector<Tensor>{Ramp({1000})}, options);
    EXPECT_EQ(result.status().reason(), Reason::kTensorTooLarge);
  }

  TEST(Evaluate, RefusesHugeResultsBeforeAllocating) {
    EXPECT_EQ(WhyNot(OpKind::kFill, {}, {I64({2}, {1 << 30, 1 << 30}), F32({}, {1})}),
              Reason::kTensorTooLarge);
    EXPECT_EQ(WhyNot(OpKind::kFill, {}, {I64({2}, {INT64_MAX, INT64_MAX}), F32({}, {1})}),
              Reason::kTensorTooLarge);
  }

  // A region of one f32[1] with one result of `kind` applied to it and a constant.
  GraphId Region(Module & module, const char* name, OpKind kind, float operand, DType result) {
    const GraphId id = module.AddGraph(name);
    Graph& graph = module.graph(id);
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    const ValueId c = ConstF32(graph, {1}, {operand});
    SetOutputs(graph, {Emit(graph, kind, {x, c}, {result, Shape{1}})});
    return id;
  }

  TEST(ControlFlow, IfRunsOneBranch) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const GraphId twice = Region(module, "then", OpKind::kMul, 2, DType::kF32);
    const GraphId less = Region(module, "else", OpKind::kSub, 1, DType::kF32);
    const ValueId condition = graph.AddInput({DType::kBool, Shape{}}, "c");
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    SetOutputs(graph, {Emit(graph, OpKind::kIf, {condition, x}, F32Type({1}), {}, {twice, less})});
    EXPECT_THAT(Floats(RunMain(module, {Bools({}, {true}), F32({1}, {5})})[0]), ElementsAre(10));
    EXPECT_THAT(Floats(RunMain(module, {Bools({}, {false}), F32({1}, {5})})[0]), ElementsAre(4));
  }

  TEST(ControlFlow, WhileRunsUntilItsConditionFails) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const GraphId condition = Region(module, "cond", OpKind::kLess, 100, DType::kBool);
    const GraphId body = Region(module, "body", OpKind::kMul, 3, DType::kF32);
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    SetOutputs(graph, {Emit(graph, OpKind::kWhile, {x}, F32Type({1}), {}, {condition, body})});
    EXPECT_THAT(Floats(RunMain(module, {F32({1}, {2})})[0]), ElementsAre(162));
    EXPECT_THAT(Floats(RunMain(module, {F32({1}, {200})})[0]), ElementsAre(200));
  }

  TEST(ControlFlow, CompositesRunTheirBodyOrAreRefused) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const GraphId body = Region(module, "body", OpKind::kAdd, 1, DType::kF32);
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    const Attributes name = {{"name", std::string("my.op")}};
    const ValueId y = Emit(graph, OpKind::kComposite, {x}, F32Type({1}), name, {body});
    SetOutputs(graph, {y});
    EXPECT_THAT(Floats(RunMain(module, {F32({1}, {1})})[0]), ElementsAre(2));
    SetOutputs(graph, {Emit(graph, OpKind::kComposite, {y}, F32Type({1}), name)});
    const auto result = Evaluate(module, module.main_id(), std::vector<Tensor>{F32({1}, {1})});
    EXPECT_EQ(result.status().reason(), Reason::kRuntimeOperatorUnsupported);
    EXPECT_THAT(std::string(result.status().message()), ::testing::HasSubstr("my.op"));
  }

  TEST(ControlFlow, KeptCompositesRunTheirBody) {
    Module module;
    Graph& graph = module.graph(module.AddGraph("main"));
    const GraphId body = Region(module, "body", OpKind::kAdd, 1, DType::kF32);
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    const Attributes name = {{"name", std::string("odml.more")}};
    SetOutputs(graph, {Emit(graph, OpKind::kStablehloComposite, {x}, F32Type({1}), name, {body})});
    EXPECT_THAT(Floats(RunMain(module, {F32({1}, {3})})[0]), ElementsAre(4));
  }

  TEST(ControlFlow, EndlessNestingIsRefused) {
    Module module;
    const GraphId id = module.AddGraph("main");
    Graph& graph = module.graph(id);
    const ValueId x = graph.AddInput(F32Type({1}), "x");
    const Attributes name = {{"name", std::string("itself")}};
    SetOutputs(graph, {Emit(graph, OpKind::kComposite, {x}, F32Type({1}), name, {id})});
    const auto result = Evaluate(module, id, std::vector<Tensor>{F32({1}, {1})});
    EXPECT_EQ(result.status().reason(), Reason::kNestingTooDeep);
  }

  TEST(KernelTable, EveryInferredOperatorHasAKernel) {
    for (const ir::OpInfo& info : ir::AllOps()) {
      EXPECT_EQ(FindKernel(info.kind) != nullptr, info.infer != nullptr) << info.name;
    }
  }

  TEST(Tensors, ConstantsAreSharedWhenTheyCanBe) {
    const std::vector<float> values = {1, 2, 3, 4};
    const Constant plain =
        Constant::FromValues<float>(DType::kF32, {2, 2}, std::span<const float>(values));
    EXPECT_EQ(Tensor::FromConstant(plain).bytes().data(), plain.storage().data());
    const int swap[] = {1, 0};
    EXPECT_THAT(Floats(Tensor::FromConstant(plain.Transposed(swap))), ElementsAre(1, 3, 2, 4));
  }

  TEST(Tensors, UnalignedAndImproperPayloadsAreCopied) {
    const std::vector<std::uint8_t> raw = {9, 0, 0, 0x80, 0x3F, 2, 0, 1};
    const SharedBytes bytes = SharedBytes::Own(raw);
    const auto one = Constant::FromBytes(DType::kF32, {1}, bytes.Slice(1, 4));
    ASSERT_TRUE(one.ok());
    EXPECT_THAT(Floats(Tensor::FromConstant(*one)), ElementsAre(1.0F));
    const auto truth = Constant::FromBytes(DType::kBool, {3}, bytes.Slice(5, 3));
    ASSERT_TRUE(truth.ok());
    EXPECT_THAT(ValuesOf<bool>(Tensor::FromConstant(*truth)), ElementsAre(true, false, true));
    EXPECT_THAT(ValuesOf<std::uint8_t>(Tensor::FromConstant(*truth)), ElementsAre(1, 0, 1));
  }

}  // namespace
}  // namespace smelt::interp::testing
