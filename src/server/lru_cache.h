// Values by key, within a number of bytes: those unused for longest go first. Who holds a value keeps it
// alive though it is gone from here. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace limpid {

template <class T>
class LruCache {
 public:
  explicit LruCache(size_t capacity) : capacity_(capacity) {}

  size_t capacity() const { return capacity_; }
  size_t n_bytes() const {
    const std::scoped_lock lock(mutex_);
    return n_bytes_;
  }

  size_t size() const {
    const std::scoped_lock lock(mutex_);
    return entries_.size();
  }

  /// nullptr when absent; else it was used just now.
  std::shared_ptr<T> get(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    const auto it = places_.find(key);
    if (it == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, it->second);
    return it->second->value;
  }

  /// Replaces what was there. False, and nothing is kept, when it alone is larger than the capacity.
  bool put(const std::string& key, std::shared_ptr<T> value, size_t n_bytes) {
    const std::scoped_lock lock(mutex_);
    erase_locked(key);
    if (n_bytes > capacity_) return false;
    entries_.push_front({key, std::move(value), n_bytes});
    places_[key] = entries_.begin();
    n_bytes_ += n_bytes;
    shrink_locked();
    return true;
  }

  /// A value has grown or shrunk; one that is gone is none of our business. It goes itself, last, when it
  /// alone is larger than the capacity.
  void resize(const std::string& key, size_t n_bytes) {
    const std::scoped_lock lock(mutex_);
    const auto it = places_.find(key);
    if (it == places_.end()) return;
    n_bytes_ += n_bytes - it->second->n_bytes;
    it->second->n_bytes = n_bytes;
    entries_.splice(entries_.begin(), entries_, it->second);
    shrink_locked();
  }

  void erase_if(const std::function<bool(const T&)>& condition) {
    const std::scoped_lock lock(mutex_);
    for (auto it = entries_.begin(); it != entries_.end();) {
      const auto here = it++;
      if (condition(*here->value)) erase_locked(here->key);
    }
  }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<T> value;
    size_t n_bytes;
  };

  void erase_locked(const std::string& key) {
    const auto it = places_.find(key);
    if (it == places_.end()) return;
    const auto entry = it->second;
    n_bytes_ -= entry->n_bytes;
    places_.erase(it);
    entries_.erase(entry);
  }

  void shrink_locked() {
    while (n_bytes_ > capacity_) erase_locked(entries_.back().key);
  }

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // last used first
  std::unordered_map<std::string, typename std::list<Entry>::iterator> places_;
  size_t n_bytes_ = 0;
};

}  // namespace limpid
