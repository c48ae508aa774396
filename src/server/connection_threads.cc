#include "server/connection_threads.h"

#include <utility>

namespace limpid {

void ConnectionThreads::enqueue(std::function<void()> task) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return;
  tasks_.push_back(std::move(task));
  if (tasks_.size() > n_idle_ && threads_.size() < most_) threads_.emplace_back([this] { work(); });
  changed_.notify_one();
}

void ConnectionThreads::shut_down() {
  std::vector<std::thread> threads;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

void ConnectionThreads::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++n_idle_;
    changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
    --n_idle_;
    if (tasks_.empty()) return;
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // and what it holds
    lock.lock();
  }
}

}  // namespace limpid
