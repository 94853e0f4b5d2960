// The tables themselves: ranges that exist and do not overlap, texts that are there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

#include "core/import/onnx/onnx_rule.h"
#include "core/import/onnx/schema_table.h"

namespace smelt::onnx_import {
namespace {

std::set<int> Versions(std::string_view domain, std::string_view op) {
  std::set<int> versions;
  for (const Schema& schema : AllSchemas()) {
    if (schema.domain == domain && schema.op == op) versions.insert(schema.since);
  }
  return versions;
}

TEST(RuleTable, RangesEndAtVersionsOfTheOperator) {
  for (const auto family : AllRules()) {
    for (const OnnxRule& rule : family) {
      const std::set<int> versions = Versions(rule.domain, rule.op);
      EXPECT_TRUE(versions.contains(rule.since)) << rule.op << " " << rule.since;
      EXPECT_TRUE(versions.contains(rule.until)) << rule.op << " " << rule.until;
      EXPECT_LE(rule.since, rule.until);
    }
  }
}

TEST(RuleTable, NoTwoRulesCoverOneVersion) {
  std::set<std::tuple<std::string_view, std::string_view, int>> covered;
  for (const auto family : AllRules()) {
    for (const OnnxRule& rule : family) {
      for (const int version : Versions(rule.domain, rule.op)) {
        if (version < rule.since || version > rule.until) continue;
        EXPECT_TRUE(covered.emplace(rule.domain, rule.op, version).second)
            << rule.op << " " << version;
      }
    }
  }
}

TEST(RuleTable, EveryConstraintExplainsItself) {
  for (const auto family : AllRules()) {
    for (const OnnxRule& rule : family) {
      EXPECT_NE(rule.translate, nullptr) << rule.op;
      for (const OnnxConstraint& constraint : rule.constraints) {
        EXPECT_FALSE(constraint.doc.empty()) << rule.op;
        EXPECT_NE(constraint.check, nullptr) << rule.op;
        EXPECT_NE(constraint.reason, Reason::kInternalError) << rule.op;
        const std::string doc = rules::FillDoc(constraint.doc, constraint.bounds);
        EXPECT_EQ(doc.find('{'), std::string::npos) << rule.op << ": " << doc;
      }
    }
  }
}

TEST(RuleTable, FindsTheRuleOfAVersion) {
  EXPECT_EQ(SchemaVersion("", "Conv", 10), 1);
  EXPECT_EQ(SchemaVersion("", "Conv", 21), 11);
  EXPECT_EQ(SchemaVersion("", "GridSample", 15), 0);
  EXPECT_EQ(SchemaVersion("", "LayerNormalization", 16), 1);  // ONNX Runtime's
  EXPECT_EQ(SchemaVersion("com.example", "Conv", 17), 0);
  ASSERT_NE(FindRule("", "Conv", 11), nullptr);
  EXPECT_EQ(FindRule("", "Conv", 11)->op, "Conv");
  EXPECT_EQ(FindRule("", "Conv", 99), nullptr);
  EXPECT_TRUE(IsKnownOperator("", "Loop"));
  EXPECT_FALSE(IsKnownOperator("", "Lopp"));
}

TEST(RuleTable, TellsDomainsApart) {
  EXPECT_EQ(SchemaVersion(kContribDomain, "FusedConv", 1), 1);
  EXPECT_EQ(FindRule("", "FusedConv", 1), nullptr);
  ASSERT_NE(FindRule(kContribDomain, "FusedConv", 1), nullptr);
  EXPECT_NE(FindRule(kContribDomain, "Attention", 1), FindRule("", "Attention", 23));
  EXPECT_FALSE(IsKnownOperator(kContribDomain, "Conv"));
}

TEST(SchemaTable, IsOrderedAndCoversTheNewestOpset) {
  const Schema* before = nullptr;
  for (const Schema& schema : AllSchemas()) {
    if (before != nullptr) {
      EXPECT_LT(std::tie(before->domain, before->op, before->since),
                std::tie(schema.domain, schema.op, schema.since));
    }
    before = &schema;
  }
  EXPECT_EQ(NewestOpset(), kMaxOpset);
}

}  // namespace
}  // namespace smelt::onnx_import
