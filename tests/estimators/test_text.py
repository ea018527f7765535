"""From text to labels of sentences and of words, in one stock Pipeline."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklstm import Architecture, LSTMClassifier, SequenceEncoder, SequencePadder

NAMES, VERBS = ["Ada", "Bob", "Eve"], ["sees", "hears", "knows"]
OPINIONS = {"fine": 1, "lovely": 1, "dull": -1, "awful": -1}


@pytest.fixture(scope="module")
def reviews():
    """Sentences of a small grammar, in which "not" reverses the opinion."""
    rng = np.random.default_rng(0)
    sentences, moods = [], []
    for _ in range(300):
        opinion, turned = rng.choice(list(OPINIONS)), bool(rng.integers(2))
        said = [*["it", "was"][: rng.integers(3)], *["not"] * turned, opinion]
        sentences.append([*rng.choice(NAMES, rng.integers(3)), *said])
        moods.append("good" if OPINIONS[opinion] * (-1) ** turned > 0 else "bad")
    return sentences, np.array(moods)


def text_model(network="vanilla", **params):
    # One batch an epoch: so short a fit is done before a program of XLA is compiled.
    params = {"units": 8, "epochs": 60, "batch_size": 512, "learning_rate": 0.05} | params
    lstm = LSTMClassifier(**params, architecture=Architecture(network, embedding_dim=4), random_state=0)
    return make_pipeline(SequenceEncoder(unknown="encode"), SequencePadder(), lstm)


def test_moods_of_sentences(reviews):
    """Sentences are encoded, padded, embedded and classified; a search takes them as a list."""
    sentences, moods = reviews
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(text_model(), {"lstmclassifier__units": [8]}, cv=cv, error_score="raise")
    assert search.fit(sentences, moods).best_score_ > 0.9
    # An unknown word is no error.
    assert list(search.predict([["Zoe", "was", "not", "awful"], ["it", "was", "dull"]])) == ["good", "bad"]
    encoder, *_, classifier = search.best_estimator_
    # And an embedding of unknown words.
    assert classifier.n_categories_ == (len(encoder.categories_[0]) + 1,)


def test_tags_of_words():
    """Many-to-many networks predict a tag for each word."""
    rng = np.random.default_rng(0)
    sentences, tags = [], []
    for _ in range(300):
        whose = bool(rng.integers(2))
        sentences.append([rng.choice(NAMES), rng.choice(VERBS), *(["her", "dog", "."] if whose else ["her", ".", "."])])
        tags.append(["name", "verb", *(["whose", "noun", "end"] if whose else ["pronoun", "end", "end"])])
    tags = np.array(tags)
    model = text_model("many_to_many", epochs=50).fit(sentences[:240], tags[:240])
    tagged = model.predict(sentences[240:])
    # The tag of "her" follows from the word after it, which the network has not read yet.
    certain = np.delete(tagged == tags[240:], 2, axis=1)
    assert certain.mean() > 0.98


def test_characters(reviews):
    """A text is encoded by its characters, and decoded."""
    texts = [" ".join(sentence) for sentence in reviews[0][:20]]
    encoder = SequenceEncoder()
    assert encoder.inverse_transform(encoder.fit_transform(texts)) == texts
