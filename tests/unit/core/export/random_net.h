// Small random modules of one entry point that run: matrix products, sums, joins and signs over
// tensors of several widths, with weights of their own and shared ones.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/builder.h"
#include "core/ir/module.h"

namespace smelt::tflite_export {

class RandomNet {
 public:
  RandomNet(std::uint32_t seed, int operators) : random_(seed), count_(operators) {}

  ir::Module Make() {
    const ir::GraphId main = module_.AddGraph("main");
    ir::Graph& graph = module_.graph(main);
    ir::Signature signature{"serving_default", main, {}, {}};
    for (int i = 0; i < 2; ++i) {
      const std::string name = "in" + std::to_string(i);
      values_.push_back(graph.AddInput({ir::DType::kF32, ir::Shape{1, Width()}}, name));
      signature.input_names.push_back(name);
    }
    for (int i = 0; i < count_; ++i) AddOperator(graph, i);
    std::vector<ir::ValueId> outputs;
    for (const ir::ValueId value : values_) {
      if (graph.HasUses(value) || graph.value(value).is_input) continue;
      outputs.push_back(value);
      signature.output_names.push_back("out" + std::to_string(outputs.size()));
    }
    // One that others read, too.
    for (const ir::ValueId value : values_) {
      if (!graph.HasUses(value) || graph.value(value).is_input) continue;
      outputs.push_back(value);
      signature.output_names.push_back(graph.value(value).name);
      break;
    }
    graph.SetOutputs(outputs);
    module_.signatures.push_back(std::move(signature));
    return std::move(module_);
  }

 private:
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  std::int64_t Width() { return 1 + Below(40); }
  ir::ValueId Pick() {
    // Mostly recent ones, so that the graph is deep.
    const auto size = static_cast<std::uint32_t>(values_.size());
    return values_[size - 1 - Below(Below(3) == 0 ? size : std::min(size, 4U))];
  }

  ir::Constant Weights(std::int64_t rows, std::int64_t columns) {
    std::vector<float> numbers(static_cast<std::size_t>(rows * columns));
    for (float& number : numbers) number = static_cast<float>(Below(2001)) / 1000.F - 1.F;
    return ir::Constant::FromValues<float>(ir::DType::kF32, {rows, columns}, numbers);
  }

  void AddOperator(ir::Graph& graph, int index) {
    const ir::OriginId origin = module_.origins().Of(module_.origins().AddSource(
        {static_cast<std::uint32_t>(index), "node" + std::to_string(index), "", "Op", 17, ""}));
    ir::Builder builder(module_, module_.main_id(), origin);
    const ir::ValueId x = Pick();
    const std::int64_t width = graph.type(x).shape.dim(1).value();
    ir::ValueId made;
    switch (Below(5)) {
      case 0:
        made = builder.Emit(ir::OpKind::kConcatenation, {x, Pick()}, AxisOne());
        break;
      case 1:
        made = builder.Emit(ir::OpKind::kAdd, {x, Same(graph, x, width)});
        break;
      case 2:
        made = builder.Emit(ir::OpKind::kNeg, {x});
        break;
      default: {
        // Now and then the weights of an earlier one.
        if (shared_.empty() || Below(3) != 0 ||
            graph.type(shared_.back()).shape.dim(1).value() != width) {
          shared_.push_back(graph.AddConstant(Weights(Width(), width)));
        }
        const ir::ValueId operands[] = {x, shared_.back(), ir::ValueId{}};
        made = builder.Emit(ir::OpKind::kFullyConnected, operands);
        break;
      }
    }
    ASSERT_TRUE(builder.status().ok()) << builder.status().ToString();
    if (Below(4) != 0) graph.value(made).name = "t" + std::to_string(index);
    values_.push_back(made);
  }

  static ir::Attributes AxisOne() {
    ir::Attributes attrs;
    attrs.Set("axis", std::int64_t{1});
    return attrs;
  }

  // Another value of this width, or a constant.
  ir::ValueId Same(ir::Graph& graph, ir::ValueId x, std::int64_t width) {
    for (std::size_t i = values_.size(); i-- > 0;) {
      if (values_[i] != x && graph.type(values_[i]).shape.dim(1).value() == width) {
        return values_[i];
      }
    }
    return graph.AddConstant(Weights(1, width));
  }

  std::mt19937 random_;
  int count_;
  ir::Module module_;
  std::vector<ir::ValueId> values_;
  std::vector<ir::ValueId> shared_;
};

}  // namespace smelt::tflite_export
