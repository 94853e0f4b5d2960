// Which errors a precision allows.
#include "core/report/accuracy_limits.h"

#include <gmock/gmock.h>

namespace smelt::report {
namespace {

using ::testing::ElementsAre;

// Of a signal of magnitude 1 with errors of `error`.
ErrorMetrics Error(double error) {
  ErrorMetrics metrics;
  metrics.elements = 100;
  metrics.max_abs = metrics.mean_abs = metrics.rmse = error;
  metrics.reference_max_abs = metrics.reference_rms = 1;
  metrics.cosine = 1 - error * error / 2;
  return metrics;
}

bool Passes(const ErrorMetrics& metrics, std::string_view precision, bool exact = false) {
  AccuracyVerdict verdict;
  verdict.Add(Judge(metrics, exact, LimitsOf(precision)));
  return verdict.pass();
}

std::vector<std::string_view> Failed(const std::vector<AccuracyCheck>& checks) {
  std::vector<std::string_view> names;
  for (const AccuracyCheck& check : checks) {
    if (!check.pass) names.push_back(check.metric);
  }
  return names;
}

TEST(AccuracyLimits, WidenWithThePrecision) {
  EXPECT_TRUE(Passes(Error(5e-5), "float32"));
  EXPECT_FALSE(Passes(Error(5e-3), "float32"));
  EXPECT_TRUE(Passes(Error(5e-3), "float16"));
  EXPECT_FALSE(Passes(Error(3e-2), "float16"));
  EXPECT_TRUE(Passes(Error(3e-2), "dynamic_range"));
  EXPECT_FALSE(Passes(Error(0.2), "dynamic_range"));
}

TEST(AccuracyLimits, AreMeasuredByTheReference) {
  ErrorMetrics large = Error(5e-3);
  large.reference_max_abs = large.reference_rms = 1000;
  large.cosine = 1;
  EXPECT_TRUE(Passes(large, "float32"));
}

TEST(AccuracyLimits, AWrongDirectionFailsAlone) {
  ErrorMetrics turned = Error(1e-4);
  turned.cosine = 0.9;
  EXPECT_THAT(Failed(Judge(turned, false, LimitsOf("float16"))), ElementsAre("cosine_similarity"));
}

TEST(AccuracyLimits, NumbersAroundZeroHaveAnyDirection) {
  ErrorMetrics noise = Error(1e-6);
  noise.reference_max_abs = noise.reference_rms = 1e-6;
  noise.cosine = -1;
  EXPECT_TRUE(Passes(noise, "float32"));
}

TEST(AccuracyLimits, AnInfinityThatIsNoneFails) {
  ErrorMetrics metrics = Error(0);
  metrics.non_finite_mismatches = 1;
  EXPECT_THAT(Failed(Judge(metrics, false, LimitsOf("dynamic_range"))),
              ElementsAre("non_finite_mismatches"));
}

TEST(AccuracyLimits, OfIntegersCountEqualElements) {
  ErrorMetrics labels = Error(3);  // of a label, which is no amount
  labels.different = 4;
  EXPECT_FALSE(Passes(labels, "float32", true));
  EXPECT_FALSE(Passes(labels, "float16", true));
  EXPECT_TRUE(Passes(labels, "dynamic_range", true));
  labels.different = 0;
  EXPECT_TRUE(Passes(labels, "float32", true));
}

TEST(AccuracyVerdict, KeepsTheSampleThatSaysMost) {
  AccuracyVerdict verdict;
  const AccuracyLimits& limits = LimitsOf("float32");
  verdict.Add(Judge(Error(1e-5), false, limits));
  EXPECT_TRUE(verdict.pass());
  verdict.Add(Judge(Error(1), false, limits));
  verdict.Add(Judge(Error(1e-6), false, limits));
  EXPECT_FALSE(verdict.pass());
  EXPECT_EQ(verdict.checks()[0].metric, "max_abs");
  EXPECT_EQ(verdict.checks()[0].value, 1);
}

}  // namespace
}  // namespace smelt::report
