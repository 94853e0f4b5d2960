#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/import/tflite/reader.h"
#include "tests/unit/core/export/write_file.h"

namespace smelt::tflite_import {
namespace {

namespace schema = flat::schema;
using tflite_export::MustParse;
using tflite_export::MustWrite;
using tflite_export::Written;

constexpr std::string_view kNet = R"(module {
  graph @main(%0 "x": f32[2,3]) {
    %1 "c" = const f32[3] [1, 2, 3]
    %2 "sum" = ADD(%0, %1)
    %3 "axes" = const i32[1] [1]
    %4 "y" = MEAN(%2, %3) {keep_dims=true}
    return %4
  }
  signature "serving_default" @main ("x") -> ("y")
})";
// Tensors: 0 x, 1 c, 2 sum, 3 axes, 4 y.

// The file after `damage` has had its way with it.
Status CheckAfter(const std::function<void(Written&)>& damage) {
  ir::Module module = MustParse(kNet);
  Written file = MustWrite(module);
  damage(file);
  return CheckFile(SharedBytes::Own(std::move(file.bytes)));
}

// Overwrites what lies at `place`, which is memory of the file.
template <class T>
void Put(Written& file, const void* place, T value) {
  const auto at = static_cast<const std::byte*>(place) - file.bytes.data();
  StoreUnaligned(file.bytes.data() + at, value);
}

// The place of a table's field, which must be present.
const std::uint8_t* Field(const void* table, int slot) {
  const auto* start = static_cast<const std::uint8_t*>(table);
  const auto* field = static_cast<const flatbuffers::Table*>(table)->GetAddressOf(
      static_cast<flatbuffers::voffset_t>(4 + 2 * slot));
  EXPECT_NE(field, nullptr);
  return field == nullptr ? start : field;
}

void ExpectRefused(const Status& status, std::string_view text) {
  EXPECT_EQ(status.reason(), Reason::kArtifactInvalid);
  EXPECT_NE(status.message().find(text), std::string_view::npos) << status.ToString();
}

TEST(CheckFile, AcceptsWhatWeWrite) {
  const Status status = CheckAfter([](Written&) {});
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(CheckFile, FindsAnotherSchemaVersion) {
  ExpectRefused(CheckAfter([](Written& f) { Put(f, Field(&f.model(), 0), std::uint32_t{2}); }),
                "schema version 2");
}

TEST(CheckFile, FindsAnOperatorCodeOutOfRange) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, Field(f.main().operators()->Get(0), 0), std::uint32_t{9});
                }),
                "operator code index 9");
}

TEST(CheckFile, FindsAnUnknownOperator) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, Field(f.model().operator_codes()->Get(0), 3), std::int32_t{108765});
                }),
                "builtin operator 108765");
}

TEST(CheckFile, FindsCodesThatDisagree) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, Field(f.model().operator_codes()->Get(1), 0), std::int8_t{1});
                }),
                "disagree");
}

TEST(CheckFile, FindsUseBeforeComputation) {
  // ADD takes what MEAN computes.
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, f.main().operators()->Get(0)->inputs()->data(), std::int32_t{4});
                }),
                "used before");
}

TEST(CheckFile, FindsATensorComputedTwice) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, f.main().operators()->Get(1)->outputs()->data(), std::int32_t{2});
                }),
                "computed twice");
}

TEST(CheckFile, FindsAResultThatIsAConstant) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, f.main().operators()->Get(0)->outputs()->data(), std::int32_t{3});
                }),
                "is a constant");
}

TEST(CheckFile, FindsAPayloadOfAnotherSize) {
  ExpectRefused(
      CheckAfter([](Written& f) { Put(f, f.tensor(1).shape()->data(), std::int32_t{4}); }),
      "tensor 1");
}

TEST(CheckFile, FindsAShapeThatIsNotTheComputedOne) {
  ExpectRefused(
      CheckAfter([](Written& f) { Put(f, f.tensor(4).shape()->data(), std::int32_t{5}); }),
      "not the computed one");
}

TEST(CheckFile, FindsATypeThatIsNotTheComputedOne) {
  ExpectRefused(CheckAfter([](Written& f) { Put(f, Field(&f.tensor(4), 1), std::int8_t{2}); }),
                "not the computed one");
}

TEST(CheckFile, FindsANegativeDimension) {
  ExpectRefused(
      CheckAfter([](Written& f) { Put(f, f.tensor(0).shape()->data(), std::int32_t{-1}); }),
      "negative dimension");
}

TEST(CheckFile, FindsEqualNames) {
  ExpectRefused(CheckAfter([](Written& f) { Put(f, f.tensor(4).name()->data(), 'x'); }),
                "two tensors are named x");
}

TEST(CheckFile, FindsAMissingRank) {
  ExpectRefused(CheckAfter([](Written& f) { Put(f, Field(&f.tensor(0), 8), std::uint8_t{0}); }),
                "has no rank");
}

TEST(CheckFile, FindsABufferOutOfRange) {
  ExpectRefused(CheckAfter([](Written& f) { Put(f, Field(&f.tensor(0), 2), std::uint32_t{77}); }),
                "buffer index 77");
}

TEST(CheckFile, FindsASignatureOfOtherTensors) {
  ExpectRefused(CheckAfter([](Written& f) {
                  const auto* map = f.model().signature_defs()->Get(0)->outputs()->Get(0);
                  Put(f, Field(map, 1), std::uint32_t{2});
                }),
                "no output of its subgraph");
}

TEST(CheckFile, FindsASignatureInAnotherOrder) {
  ir::Module module = MustParse(R"(module {
    graph @main(%0 "x": f32[2]) {
      %1 "a" = NEG(%0) : f32[2]
      %2 "b" = ABS(%0) : f32[2]
      return %1, %2
    }
    signature "serving_default" @main ("x") -> ("a", "b")
  })");
  Written file = MustWrite(module);
  const auto check = [&] { return CheckFile(SharedBytes::Own(file.bytes)); };
  ASSERT_TRUE(check().ok()) << check().ToString();
  const auto& outputs = *file.model().signature_defs()->Get(0)->outputs();
  const std::uint32_t first = outputs.Get(0)->tensor_index();
  const std::uint32_t second = outputs.Get(1)->tensor_index();
  Put(file, Field(outputs.Get(0), 1), second);
  Put(file, Field(outputs.Get(1), 1), first);
  // Who reads it binds by name; our files have none like it.
  EXPECT_TRUE(Read(SharedBytes::Own(file.bytes)).ok());
  ExpectRefused(check(), "in order");
}

TEST(CheckFile, FindsOptionsOfAnotherOperator) {
  ExpectRefused(CheckAfter([](Written& f) {
                  // MEAN's options read as MUL's: a sound table of another operator.
                  Put(f, Field(f.main().operators()->Get(1), 3), std::uint8_t{21});
                }),
                "MEAN carries no ReducerOptions");
}

TEST(CheckFile, FindsAnUnknownEnumerator) {
  ExpectRefused(CheckAfter([](Written& f) {
                  Put(f, Field(f.main().operators()->Get(0)->builtin_options(), 0),
                      std::int8_t{99});
                }),
                "fused_activation_function");
}

}  // namespace
}  // namespace smelt::tflite_import
