#include "forward/trace.h"

#include "forward/blocks/blocks.h"

namespace limpid {

AttentionInputs Trace::attention_inputs(int l) const {
  return split_qkv(spec, layer(l).qkv.view());
}

}  // namespace limpid
