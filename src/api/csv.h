// Results as comma-separated values (RFC 4180), for spreadsheets and data frames.
#pragma once

#include <string>
#include <string_view>

#include "limpid/attention.h"
#include "limpid/compare.h"
#include "limpid/faithfulness.h"
#include "limpid/generate.h"
#include "limpid/heads.h"
#include "limpid/inspect.h"
#include "limpid/intervention.h"
#include "limpid/lens.h"

namespace limpid {

/// The text, in quotes where it has a comma, a quote or a line break.
std::string csv_field(std::string_view text);

/// One number a line: section,item,measure,value.
std::string to_csv(const Inspection& inspection);

/// One token of one cell a line, ranks from 0; `list` is top or chosen.
std::string to_csv(const LensResult& lens);

/// A pair of tokens a line, keys up to the query: layer,head,query,key,attention,contribution.
std::string to_csv(const AttentionResult& result);

/// A role of a head a line: layer,head,role,score,error,contribution.
std::string to_csv(const HeadsResult& result);

/// An intervention a line: component,kind,layer,head,token,value,effect; head and token where there is one.
std::string to_csv(const SweepResult& result);

/// A fraction of a ranking a line: ranking,fraction,by_score,by_size.
std::string to_csv(const FaithfulnessResult& result);

/// An edge of either route a line: from,to,kind,in,weight_a,weight_b,change,flow_a,flow_b,shift,heads
/// ("1:0.2:0.3;6:0.1:0": head, weight in A, weight in B).
std::string to_csv(const Comparison& comparison);

/// One generated token a line, numbered from 1.
std::string to_csv(const GenerateResult& result);

}  // namespace limpid
