-- title: Images
-- question: Which images run, where, and does one name stand for several of them?
-- audience: platform, security
-- column: image | name of the container's image
-- column: versions | different images that go by the name: more than 1 if the tag was moved
-- column: image_ids | their ids or digests
-- column: engines | engines that ran them
-- column: namespaces | Kubernetes namespaces with containers of it
-- column: containers | different containers
-- column: checkpoints | checkpoints
-- column: first_taken_at | when the first checkpoint was made
-- column: last_taken_at | when the last one was made
-- tables: checkpoints
-- description: Some engines know an image by the digest of its configuration, others by that of its manifest: one image may then have two ids.

SELECT image, count(DISTINCT replace(image_id, 'sha256:', '')) AS versions, list_sort(list(DISTINCT replace(image_id, 'sha256:', '')) FILTER (image_id IS NOT NULL)) AS image_ids,
       list_sort(list(DISTINCT engine)) AS engines, list_sort(list(DISTINCT pod_namespace) FILTER (pod_namespace IS NOT NULL)) AS namespaces,
       count(DISTINCT container_id) AS containers, count(*) AS checkpoints,
       min(coalesce(checkpointed_at, dumped_at)) AS first_taken_at, max(coalesce(checkpointed_at, dumped_at)) AS last_taken_at
FROM checkpoints
GROUP BY image
ORDER BY versions DESC, containers DESC, image
