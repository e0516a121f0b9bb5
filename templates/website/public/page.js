const value = document.querySelector('#value')

document.querySelector('#roll').addEventListener('click', async () => {
  const answer = await fetch('Roll', { method: 'POST', body: JSON.stringify({ sides: 6 }) })
  const body = await answer.json()
  value.textContent = answer.ok ? body.value : body.detail
})
