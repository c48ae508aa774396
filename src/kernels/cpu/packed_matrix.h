// Weights cut into panels of consecutive output rows, each in oneDNN's blocked layout. All panels have the
// same shape; the last is filled up with zero rows.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/onednn.h"
#include "kernels/kernels.h"

namespace limpid::cpu {

class PanelMatrix : public PackedMatrix {
 public:
  /// Contents are undefined.
  PanelMatrix(size_t n_out, size_t n_in, Precision precision);

  size_t n_out() const override { return n_out_; }
  size_t n_in() const override { return n_in_; }
  size_t n_bytes() const override { return panels_.size() * panel_bytes_; }
  Precision precision() const { return precision_; }

  size_t n_panel() const { return panels_.size(); }
  size_t panel_rows() const { return panel_rows_; }
  /// Rows of a panel that are weights.
  size_t used_rows(size_t panel) const;
  const dnnl::memory& panel(size_t i) const { return panels_[i]; }
  std::span<std::byte> panel_memory(size_t i) { return {storage_.get() + i * panel_bytes_, panel_bytes_}; }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };

  size_t n_out_;
  size_t n_in_;
  size_t panel_rows_;
  size_t panel_bytes_;
  Precision precision_;
  std::unique_ptr<std::byte[], Free> storage_;
  std::vector<dnnl::memory> panels_;  // views of storage_
};

}  // namespace limpid::cpu
