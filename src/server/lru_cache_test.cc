#include "server/lru_cache.h"

#include <gtest/gtest.h>
#include <random>
#include <thread>
#include <vector>

namespace limpid {
namespace {

std::shared_ptr<int> number(int n) {
  return std::make_shared<int>(n);
}

TEST(LruCache, TheLongestUnusedGoesFirst) {
  LruCache<int> cache(10);
  EXPECT_TRUE(cache.put("a", number(1), 4));
  EXPECT_TRUE(cache.put("b", number(2), 4));
  EXPECT_EQ(*cache.get("a"), 1);
  EXPECT_TRUE(cache.put("c", number(3), 4));
  EXPECT_EQ(cache.get("b"), nullptr);
  EXPECT_EQ(*cache.get("a"), 1);
  EXPECT_EQ(*cache.get("c"), 3);
  EXPECT_EQ(cache.n_bytes(), 8u);
}

TEST(LruCache, ReplacingCountsOnce) {
  LruCache<int> cache(10);
  cache.put("a", number(1), 6);
  EXPECT_TRUE(cache.put("a", number(2), 7));
  EXPECT_EQ(*cache.get("a"), 2);
  EXPECT_EQ(cache.n_bytes(), 7u);
}

TEST(LruCache, WhatIsTooLargeIsNotKeptAndPushesNothingOut) {
  LruCache<int> cache(10);
  cache.put("a", number(1), 4);
  EXPECT_FALSE(cache.put("b", number(2), 11));
  EXPECT_EQ(cache.get("b"), nullptr);
  EXPECT_EQ(*cache.get("a"), 1);
  EXPECT_FALSE(cache.put("a", number(3), 11));  // the old value is not the new one
  EXPECT_EQ(cache.get("a"), nullptr);
  EXPECT_EQ(cache.n_bytes(), 0u);
}

TEST(LruCache, GrowingPushesOthersOutFirst) {
  LruCache<int> cache(10);
  cache.put("a", number(1), 4);
  cache.put("b", number(2), 4);
  cache.resize("a", 8);
  EXPECT_EQ(cache.get("b"), nullptr);
  EXPECT_EQ(cache.n_bytes(), 8u);
  cache.resize("a", 3);
  EXPECT_EQ(cache.n_bytes(), 3u);
  cache.resize("gone", 100);
  EXPECT_EQ(cache.n_bytes(), 3u);
  cache.resize("a", 11);
  EXPECT_EQ(cache.get("a"), nullptr);
  EXPECT_EQ(cache.n_bytes(), 0u);
}

TEST(LruCache, WhoHoldsAValueKeepsIt) {
  LruCache<int> cache(4);
  cache.put("a", number(1), 4);
  const std::shared_ptr<int> held = cache.get("a");
  cache.put("b", number(2), 4);
  EXPECT_EQ(cache.get("a"), nullptr);
  EXPECT_EQ(*held, 1);
}

TEST(LruCache, ErasesByCondition) {
  LruCache<int> cache(10);
  for (int i = 0; i < 5; ++i) cache.put(std::to_string(i), number(i), 2);
  cache.erase_if([](int n) { return n % 2 == 0; });
  EXPECT_EQ(cache.n_bytes(), 4u);
  EXPECT_EQ(cache.get("2"), nullptr);
  EXPECT_EQ(*cache.get("3"), 3);
}

TEST(LruCache, StaysWithinItsBytesFromManyThreads) {
  constexpr size_t kCapacity = 1000;
  LruCache<int> cache(kCapacity);
  std::vector<std::thread> threads;
  std::atomic<bool> exceeded = false;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int i = 0; i < 5000; ++i) {
        const std::string key = std::to_string(random() % 30);
        if (random() % 3 == 0) cache.put(key, number(i), random() % 200);
        if (random() % 3 == 0) cache.resize(key, random() % 200);
        cache.get(key);
        if (cache.n_bytes() > kCapacity) exceeded = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  cache.erase_if([](int) { return true; });
  EXPECT_EQ(cache.n_bytes(), 0u);
}

}  // namespace
}  // namespace limpid
