// trilune.dict between isolates, through the public header.

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "embed/trilune.h"
#include "tests/stdlib/host.h"

namespace trilune::test {
namespace {

// Runs a chunk in each of several new isolates, at one time; the results.
std::vector<std::string> RunAll(Host& host,
                                const std::vector<std::string>& chunks) {
  std::vector<std::string> results(chunks.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < chunks.size(); i++) {
    Isolate* isolate = NewIsolate(host.runtime());
    threads.emplace_back([&chunks, &results, isolate, i] {
      results[i] = Text(isolate->RunString(chunks[i], "=test"));
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  return results;
}

using Texts = std::vector<std::string>;

TEST_CASE("isolates see one dictionary by its name") {
  Host host;
  CHECK(host.Run("require('trilune.dict').open('d'):set('k', 'v')") == "");
  const Texts results =
      RunAll(host, {"return require('trilune.dict').open('d'):get('k')"});
  CHECK(results == Texts{"'v'"});
  // Another runtime has others.
  Host other;
  CHECK(other.Run("return require('trilune.dict').open('d'):get('k')") ==
        "nil");
}

TEST_CASE("increments of several isolates add up") {
  Host host;
  const std::string chunk =
      "local d = require('trilune.dict').open('d')\n"
      "for i = 1, 20000 do d:incr('n' .. i % 5, 1, 0) end";
  RunAll(host, {chunk, chunk, chunk});
  CHECK(host.Run("local d, sum = require('trilune.dict').open('d'), 0\n"
                 "for i = 0, 4 do sum = sum + d:get('n' .. i) end\n"
                 "return sum") == "60000");
}

TEST_CASE("loops of cas and casv lose no step") {
  Host host;
  const std::string cas =
      "local d = require('trilune.dict').open('d')\n"
      "for i = 1, 3000 do\n"
      "  repeat local n = d:get('n') until d:cas('n', n, (n or 0) + 1)\n"
      "end";
  const std::string casv =
      "local d = require('trilune.dict').open('d')\n"
      "for i = 1, 3000 do\n"
      "  repeat local n, v = d:getv('n')\n"
      "  until d:casv('n', v, (n or 0) + 1)\n"
      "end";
  RunAll(host, {cas, casv, cas});
  CHECK(host.Run("return require('trilune.dict').open('d'):get('n')") ==
        "9000");
}

TEST_CASE("what isolates push, others pop once") {
  Host host;
  const std::string push =
      "local d = require('trilune.dict').open('d')\n"
      "for i = 1, 5000 do\n"
      "  d:rpush('q', i % 3 == 0 and ('x'):rep(600) .. i or i)\n"
      "end\n"
      "return 0";
  const std::string pop =
      "local tri, dict = require 'trilune', require 'trilune.dict'\n"
      "local d, sums, sum = dict.open('d'), {}, 0\n"
      "tri.group(function(group)\n"
      "  for i = 1, 10 do group:go(function()\n"
      "    local mine = 0\n"
      "    for _ = 1, 500 do\n"
      "      local v = tostring(d:blpop('q')):gsub('x', '')\n"
      "      mine = mine + tonumber(v)\n"
      "    end\n"
      "    sums[i] = mine\n"
      "  end) end\n"
      "end)\n"
      "for _, s in ipairs(sums) do sum = sum + s end\n"
      "return sum";
  const Texts results = RunAll(host, {push, pop, pop, push});
  CHECK(std::stol(results[1]) + std::stol(results[2]) == 2L * 5000 * 5001 / 2);
  CHECK(host.Run("return require('trilune.dict').open('d'):llen('q')") == "0");
}

TEST_CASE("a wait ends by what another isolate writes") {
  Host host;
  const std::string ping =
      "local d, v, version = require('trilune.dict').open('d')\n"
      "for i = 1, 2000 do\n"
      "  d:set('ping', i)\n"
      "  repeat v, version = d:wait('pong', nil, version) until v == i\n"
      "end\n"
      "return v";
  const std::string pong =
      "local d, v, version = require('trilune.dict').open('d')\n"
      "for i = 1, 2000 do\n"
      "  repeat v, version = d:wait('ping', nil, version) until v == i\n"
      "  d:set('pong', i)\n"
      "end\n"
      "return v";
  CHECK(RunAll(host, {ping, pong}) == Texts{"2000", "2000"});
}

TEST_CASE("an isolate that is closed loses nothing of a list") {
  for (int round = 0; round < 20; round++) {
    Host host;
    // So that no G is cancelled between its pop and its count.
    IsolateOptions options;
    options.preempt = PreemptMode::kOff;
    Isolate* closed = NewIsolate(host.runtime(), options);
    REQUIRE(
        Text(closed->RunString("local tri = require 'trilune'\n"
                               "local d = require('trilune.dict').open('d')\n"
                               "for i = 1, 50 do tri.go(function()\n"
                               "  d:incr('got', select('#', d:blpop('q')), 0)\n"
                               "end) end\n"
                               "for i = 1, 50 do tri.go(d.wait, d, 'k') end\n"
                               "tri.yield()",
                               "=test")) == "");
    std::thread pusher([&] {
      host.Run(
          "local d = require('trilune.dict').open('d')\n"
          "for i = 1, 200 do d:rpush('q', ('x'):rep(i * 10)) end\n"
          "d:set('k', ('x'):rep(5000))");
    });
    REQUIRE(Text(closed->Close()) == "ok");
    pusher.join();
    // What its Gs had got and what is left is all.
    CHECK(host.Run("local d = require('trilune.dict').open('d')\n"
                   "return d:llen('q') + (d:get('got') or 0)") == "200");
  }
}

TEST_CASE("a stop ends waits that nobody else would") {
  Host host;
  Isolate* isolate = NewIsolate(host.runtime());
  CHECK(Text(isolate->RunString("local tri = require 'trilune'\n"
                                "local d = require('trilune.dict').open('d')\n"
                                "for i = 1, 1000 do\n"
                                "  tri.go(d.wait, d, 'key' .. i % 100)\n"
                                "  tri.go(d.brpop, d, 'list' .. i % 100)\n"
                                "end\n"
                                "tri.yield()",
                                "=test")) == "");
}

}  // namespace
}  // namespace trilune::test
