// Explains the prediction after a prompt: explain MODEL PROMPT
#include <cstdio>
#include <limpid/session.h>

namespace {

int fail(const limpid::Error& error) {
  std::fprintf(stderr, "%s\n%s\n", error.message.c_str(), error.hint.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: explain MODEL PROMPT\n");
    return 2;
  }
  // Functions that can fail return a value or an error; nothing throws.
  const limpid::Result<limpid::Session> session = limpid::Session::open(argv[1]);
  if (!session) return fail(session.error());

  limpid::Result<limpid::Explanation> explanation = session->explain({.prompt = {argv[2]}});
  if (!explanation) return fail(explanation.error());
  for (const limpid::NamedPrediction& p : explanation->predictions()) {
    std::printf("%-12s %.3f\n", p.piece.text.c_str(), p.prediction.probability);
  }

  // The model ran once; routes at other thresholds, or of other modes, cost next to nothing.
  for (const float threshold : {0.04f, 0.1f}) {
    const limpid::Result<limpid::Route> route = explanation->route({.threshold = threshold});
    if (!route) return fail(route.error());
    std::printf("%zu nodes, %zu edges above %g\n", route->nodes.size(), route->edges.size(), threshold);
  }

  const limpid::Result<limpid::Inspection> logit =
      session->inspect({.prompt = {argv[2]}, .subject = "logit@-1"});
  if (!logit) return fail(logit.error());
  std::printf("%s adds most: %+.3f\n", logit->logit_parts[0].subject.c_str(), logit->logit_parts[0].logit);
  return 0;
}
